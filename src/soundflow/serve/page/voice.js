// Replies said aloud, one after the other, and how much of each was really played.
import { fromBase64 } from "./backlog.js";

const LEAD = 0.06; // seconds before the first piece: the next one is there by then

// onPlayed(item, milliseconds) once for each reply: when it was played, or stopped. onChange() when it begins or falls silent.
export function makeVoice({ rate, onPlayed, onChange }) {
  const context = new AudioContext();
  const replies = new Map(); // item → { pieces, isWhole }, in order
  const stopped = new Set(); // items that are not wanted any more, whatever still comes
  let freeAt = 0;

  function hear(item, base64) {
    if (stopped.has(item)) return;
    if (!replies.has(item)) { replies.set(item, { pieces: [], isWhole: false }); onChange(); }
    const samples = fromBase64(base64), buffer = context.createBuffer(1, Math.max(1, samples.length), rate);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    const at = Math.max(freeAt, context.currentTime + LEAD);
    freeAt = at + buffer.duration;
    replies.get(item).pieces.push({ source, at, samples: samples.length, isOver: false });
    const piece = replies.get(item).pieces.at(-1);
    source.onended = () => { piece.isOver = true; finish(item); };
    source.start(at);
  }

  function whole(item) { // no more sound is to come
    if (replies.has(item)) { replies.get(item).isWhole = true; finish(item); }
  }

  function finish(item) {
    const reply = replies.get(item);
    if (reply && reply.isWhole && reply.pieces.every((piece) => piece.isOver)) leave(item, reply.pieces.reduce((sum, piece) => sum + piece.samples, 0));
  }

  function leave(item, samples) {
    replies.delete(item);
    onPlayed(item, Math.floor((1000 * samples) / rate));
    onChange();
  }

  function playedSamples({ pieces }) {
    const share = (piece) => Math.max(0, Math.min(piece.samples, Math.round((context.currentTime - piece.at) * rate)));
    return pieces.reduce((sum, piece) => sum + (piece.isOver ? piece.samples : share(piece)), 0);
  }

  function stop() {
    freeAt = 0;
    for (const [item, reply] of [...replies]) {
      const samples = playedSamples(reply);
      for (const { source } of reply.pieces) { source.onended = null; source.stop(); }
      stopped.add(item);
      leave(item, samples);
    }
  }

  return { hear, whole, stop, isPlaying: () => replies.size > 0, close: () => { stop(); context.close(); } };
}
