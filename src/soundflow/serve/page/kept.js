// This session's sound, kept in the browser so that one can hear what a reply was about.
const MOST_SECONDS = 600;

export function makeKept(rate) {
  const blocks = [];
  let from = 0, to = 0; // seconds of the stream

  return {
    pass(samples, isWanted) { // samples of the stream go by; float32 [n]
      to += samples.length / rate;
      if (!isWanted) { blocks.length = 0; from = to; return; }
      blocks.push(samples.slice());
      while (to - from > MOST_SECONDS) from += blocks.shift().length / rate;
    },
    between(start, end) { // seconds; what of it is kept
      const whole = new Float32Array(blocks.reduce((sum, block) => sum + block.length, 0));
      let place = 0;
      for (const block of blocks) { whole.set(block, place); place += block.length; }
      return whole.slice(Math.max(0, Math.round((start - from) * rate)), Math.max(0, Math.round((end - from) * rate)));
    },
  };
}
