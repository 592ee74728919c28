// One live session on the server: sound in, events out. Knows nothing of the page.
export const RATE = 16000; // Hz, the rate contexts run at and the wire is told

export function openSession({ key, settings, onEvent, onClose }) {
  const protocols = ["realtime"];
  if (key) protocols.push("openai-insecure-api-key." + key);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/v1/realtime`, protocols);
  const send = (event) => { if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event)); };
  const update = ({ instructions, threshold }) => {
    const own = { events: true };
    if (threshold !== undefined) own.threshold = threshold;
    send({ type: "session.update", session: { type: "realtime", instructions: instructions || null, output_modalities: ["text"],
      audio: { input: { format: { type: "audio/pcm", rate: RATE } } }, soundflow: own } });
  };
  const opened = new Promise((resolve) => socket.addEventListener("open", () => { update(settings); resolve(true); }));
  socket.addEventListener("message", (message) => onEvent(JSON.parse(message.data)));
  socket.addEventListener("close", (event) => onClose(event));
  return {
    opened,
    update,
    append: (samples) => send({ type: "input_audio_buffer.append", audio: toBase64(samples) }),
    end: () => send({ type: "soundflow.end" }),
    close: () => socket.close(1000),
    backlog: () => socket.bufferedAmount,
  };
}

function toBase64(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  const bytes = new Uint8Array(pcm.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
