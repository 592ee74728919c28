// Columns of a spectrogram out of samples as they come: 25.6 ms windows, 32 ms apart, 64 bands up to 8 kHz.
export const BANDS = 64;
const SIZE = 512, HOP = 512;
const window_ = Float32Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE));
const edges = Array.from({ length: BANDS + 1 }, (_, i) => Math.round(1 + (SIZE / 2 - 1) * (Math.exp(2.2 * i / BANDS) - 1) / (Math.exp(2.2) - 1)));

export const SECONDS_PER_COLUMN = HOP / 16000;

export function spectrum(column) {
  let rest = new Float32Array(0);
  return (samples) => {
    const all = new Float32Array(rest.length + samples.length);
    all.set(rest); all.set(samples, rest.length);
    let at = 0;
    for (; at + SIZE <= all.length; at += HOP) column(bands(all.subarray(at, at + SIZE)));
    rest = all.slice(at);
  };
}

function bands(frame) {
  const re = Float32Array.from(frame, (x, i) => x * window_[i]), im = new Float32Array(SIZE);
  fft(re, im);
  const out = new Float32Array(BANDS);
  for (let b = 0; b < BANDS; b++) {
    let energy = 1e-9, most = Math.max(edges[b] + 1, edges[b + 1]);
    for (let k = edges[b]; k < most; k++) energy = Math.max(energy, re[k] * re[k] + im[k] * im[k]);
    out[b] = Math.max(0, Math.min(1, (10 * Math.log10(energy) + 45) / 75)); // -45..30 dB of a windowed frame
  }
  return out;
}

function fft(re, im) {
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
  }
  for (let length = 2; length <= SIZE; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    for (let start = 0; start < SIZE; start += length) {
      for (let k = 0; k < length / 2; k++) {
        const c = Math.cos(angle * k), s = Math.sin(angle * k), a = start + k, b = a + length / 2;
        const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
        re[b] = re[a] - x; im[b] = im[a] - y; re[a] += x; im[a] += y;
      }
    }
  }
}
