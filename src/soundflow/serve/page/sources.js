// Where sound comes from: the microphone, a file or an example. Each calls `hear` with float32 at 16 kHz until stopped.
import { makeResampler } from "./resample.js";
import { RATE } from "./session.js";

const BLOCK = 1600; // samples a message of a recording: 0.1 s

export async function microphone(hear, gone) {
  if (!navigator.mediaDevices) throw new Error("insecure");
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: false, channelCount: 1 } });
  const { context, source } = connected(stream);
  await context.audioWorklet.addModule("/page/worklet.js");
  const node = new AudioWorkletNode(context, "blocks", { numberOfOutputs: 0 });
  const resample = makeResampler(context.sampleRate, RATE);
  node.port.onmessage = (message) => hear(resample(message.data));
  source.connect(node);
  await context.resume();
  for (const track of stream.getTracks()) track.onended = gone; // unplugged, or no longer allowed
  return () => { stream.getTracks().forEach((track) => { track.onended = null; track.stop(); }); context.close(); };
}

function connected(stream) { // a context at our rate where the browser can, else at the microphone's
  const context = new AudioContext({ sampleRate: RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    context.close();
    const own = new AudioContext();
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}

export async function recording(bytes, hear, finished) {
  const samples = await decode(bytes);
  const context = new AudioContext();
  play(context, samples);
  const begun = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    const due = Math.min(samples.length, Math.floor(((performance.now() - begun) / 1000) * RATE));
    for (; at + BLOCK <= due; at += BLOCK) hear(samples.subarray(at, at + BLOCK));
    if (due === samples.length) {
      if (at < due) hear(samples.subarray(at, due));
      stop();
      finished();
    }
  }, 50);
  const stop = () => { clearInterval(timer); if (context.state !== "closed") context.close(); };
  return stop;
}

export function play(context, samples) {
  const buffer = context.createBuffer(1, Math.max(1, samples.length), RATE);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start();
  return source;
}

async function decode(bytes) {
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(bytes);
  const mono = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++) {
    const channel = sound.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / sound.numberOfChannels;
  }
  return mono;
}

export function whyBlocked(error) {
  if (error.message === "insecure") return "The browser gives the microphone only to pages from this machine (localhost) or over https. Open this page at http://localhost, or put a proxy with TLS in front of the server.";
  if (error.name === "NotAllowedError") return "The microphone is blocked for this page. Allow it with the icon at the left of the address bar, then try again. Recordings and examples work without it.";
  if (error.name === "NotFoundError") return "No microphone was found. Plug one in, or drop a recording.";
  if (error.name === "NotReadableError") return "Another program holds the microphone. Close it, then try again.";
  return `The sound could not be opened: ${error.message || error.name}.`;
}
