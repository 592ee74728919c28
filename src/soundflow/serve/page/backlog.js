// Sound that the server has not decided yet, as it goes over the wire, in case it must be sent again.
const MOST_SECONDS = 60; // what is older counts as silence should it be asked for
const BLOCK_SECONDS = 2; // of sound in one message when much is sent at once

export function makeBacklog(rate) {
  const blocks = []; // Int16Arrays, oldest first
  let from = 0, to = 0; // samples of the stream

  const drop = (sample) => { while (blocks.length && from + blocks[0].length <= sample) from += blocks.shift().length; };
  return {
    seconds: () => (to - from) / rate,
    add(samples) { // float32 [n]; returns the block
      const block = toPcm(samples);
      blocks.push(block);
      to += block.length;
      drop(to - MOST_SECONDS * rate);
      return block;
    },
    forget: drop, // everything before this sample was decided
    since(sample) { // everything from this sample on, in blocks of their own
      const whole = new Int16Array(Math.max(0, to - sample));
      let at = from - sample;
      for (const block of blocks) {
        if (at + block.length > 0) whole.set(at < 0 ? block.subarray(-at) : block, Math.max(0, at));
        at += block.length;
      }
      const step = BLOCK_SECONDS * rate, pieces = [];
      for (let i = 0; i < whole.length; i += step) pieces.push(whole.subarray(i, i + step));
      return pieces;
    },
  };
}

function toPcm(samples) {
  return Int16Array.from(samples, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
}

export function toBase64(pcm) {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

export function fromBase64(text) { // base64 of 16-bit samples to float32 [n]
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Float32Array.from(new Int16Array(bytes.buffer), (value) => value / 32768);
}
