// Sound of one rate to another, block by block: the same samples however it was cut. For browsers whose microphone
// comes at a rate of its own (Firefox cannot connect it to a context of another rate, Safari may ignore the rate).
const ZEROS = 16; // crossings of the filter on either side
const PHASES = 512; // places between two samples at which it is known; the nearest counts
const PASSED = 0.92; // of the band that both rates have

export function makeResampler(from, to) {
  if (from === to) return (samples) => samples;
  const step = from / to, cutoff = PASSED * Math.min(1, to / from), half = Math.ceil(ZEROS / cutoff);
  const filters = Array.from({ length: PHASES }, (_, phase) => filter(phase / PHASES, half, cutoff));
  let rest = new Float32Array(half), first = -half, made = 0; // samples still needed, the number of the first, what went out
  return (samples) => {
    const all = new Float32Array(rest.length + samples.length);
    all.set(rest); all.set(samples, rest.length);
    const out = [];
    for (;; made++) {
      const nearest = Math.round(made * step * PHASES), whole = Math.floor(nearest / PHASES), start = whole - half + 1 - first;
      if (start + 2 * half > all.length) break;
      const taps = filters[nearest % PHASES];
      let sum = 0;
      for (let k = 0; k < taps.length; k++) sum += taps[k] * all[start + k];
      out.push(sum);
    }
    const keep = Math.min(all.length, Math.floor(made * step) - half - first);
    rest = all.slice(keep); first += keep;
    return Float32Array.from(out);
  };
}

function filter(offset, half, cutoff) { // a windowed sinc, `offset` of a sample behind its middle; sums to one
  const taps = Float32Array.from({ length: 2 * half }, (_, k) => {
    const x = k - half + 1 - offset, angle = Math.PI * x * cutoff;
    return (x === 0 ? 1 : Math.sin(angle) / angle) * (0.5 + 0.5 * Math.cos((Math.PI * x) / (half + 1)));
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
