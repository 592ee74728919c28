// The page: connects a source of sound, a session, the lane, the replies and the voice. Tests: tests/serve/test_page.py.
import { makeKept } from "./kept.js";
import { drawSpark, makeLane } from "./lane.js";
import { clock, makeReplies } from "./replies.js";
import { openSession, RATE, VOICE_RATE } from "./session.js";
import { microphone, play, recording, whyBlocked } from "./sources.js";
import { spectrum } from "./spectrum.js";
import { makeVoice } from "./voice.js";

const HEARD_AGAIN = 4; // seconds before a reply
const GOOD_NEWS_MS = 2500; // for which "Resumed" stands before "Listening"
const SHOWN_LATENCIES = 60;
const at = (id) => document.getElementById(id);
const lane = makeLane(at("lane"));
const replies = makeReplies({ list: at("replies"), empty: at("empty"), count: at("count"), announce: at("announce") });
let live = null; // the session on the page, while there is one
let talking = null; // the session whose voice is heard: it may finish its sentence after its end
let isThresholdMine = false; // else it is the model's own

// --- one session, from its first sound to its last word ---

async function start(openSource, source) {
  stop();
  if (talking) talking.voice.close();
  clear();
  const mine = live = talking = { source, fed: 0, latencies: [], spokenAt: 0, reply: null, stopSource: null, kept: makeKept(RATE), isOpen: false, isLost: false, news: 0 };
  mine.voice = makeVoice({ rate: VOICE_RATE, onPlayed: (item, ms) => mine.session.played(item, ms), onChange: () => show(mine) });
  mine.session = openSession({
    key: at("key").value, settings: settings(),
    onEvent: (event) => { if (mine === live) told(mine, event); },
    onLost: () => { mine.isLost = true; show(mine); },
    onResumed: () => resumed(mine),
    onClose: (end) => closed(mine, end),
  });
  show(mine);
  const columns = spectrum(lane.column);
  const hear = (samples) => {
    if (mine !== live) return;
    mine.session.append(samples); mine.kept.pass(samples, at("keep").checked); columns(samples);
    mine.fed += samples.length / RATE;
    at("heard").textContent = `${mine.fed.toFixed(1)} s`;
  };
  if (!await mine.session.opened) return;
  try {
    const stopSource = await openSource(hear);
    if (mine !== live) { stopSource(); return; }
    mine.stopSource = stopSource; mine.isOpen = true;
    show(mine);
  } catch (error) {
    stop(); state("failed", "No sound"); explain(whyBlocked(error));
  }
}

function stop() {
  if (!live) return;
  const mine = live;
  live = talking = null;
  if (mine.stopSource) mine.stopSource();
  mine.voice.close();
  mine.session.close();
  idle("closed", "Not connected");
}

function resumed(mine) {
  mine.isLost = false;
  mine.news = performance.now() + GOOD_NEWS_MS;
  setTimeout(() => show(mine), GOOD_NEWS_MS + 50);
  show(mine);
}

function closed(mine, { why, code }) {
  if (mine !== live) return;
  live = null; // a voice may still finish its sentence
  if (mine.stopSource) mine.stopSource();
  if (why === "done") { idle("closed", "Finished"); return; }
  idle("failed", why === "refused" ? "Not let in" : "Session ended");
  if (why === "refused") whyRefused().then(explain);
  if (why === "unreachable") explain("The connection was lost and did not come back within 30 seconds. What was said stays here; start again when the server can be reached.");
  if (why === "expired") explain("The server no longer has this session: it was away too long, or the server was started anew. What was said stays here; start again when you like.");
  if (why === "ended" && at("blocked").hidden) explain(`The server ended the session (${code}).`);
}

async function whyRefused() {
  try {
    const answer = await fetch("/v1/models", { headers: at("key").value ? { authorization: `Bearer ${at("key").value}` } : {} });
    if (answer.ok) return "The server has no free session just now. Try again in a moment.";
    if (answer.status === 401) { at("key-part").open = true; return "This server asks for an API key: give yours below, under “API key”."; }
    return (await answer.json()).error.message;
  } catch { return "The server cannot be reached. Is it still running?"; }
}

// --- what the server says ---

function told(mine, event) {
  switch (event.type) {
    case "session.created": introduce(event.session.model, event.session.capabilities.chunk_period_ms, Boolean(event.session.audio.output)); break;
    case "session.updated": inForce(event.session); break;
    case "response.listen": case "response.speak": decided(mine, event); break;
    case "response.created": begin(mine, event.response); break;
    case "response.output_text.delta": case "response.output_audio_transcript.delta": more(mine, event.delta); break;
    case "response.output_audio.delta": mine.voice.hear(event.item_id, event.delta); break;
    case "response.output_audio.done": mine.voice.whole(event.item_id); break;
    case "response.done": done(mine, event.response); break;
    case "soundflow.end": mine.session.close(); break;
    case "error": explain(event.error.message); break;
  }
}

function introduce(model, chunkMs, canSpeak) {
  at("model").textContent = `${model} decides every ${chunkMs / 1000} s whether to speak`;
  at("aloud-part").hidden = !canSpeak;
}

function inForce(session) {
  showThreshold(session.soundflow.threshold);
  if (!at("instruction").value) at("instruction").placeholder = session.instructions;
}

function decided(mine, event) {
  lane.chunk(event.start, event.end, event.p_response, event.type === "response.speak");
  mine.latencies = [...mine.latencies, event.latency_ms].slice(-SHOWN_LATENCIES);
  at("latency").textContent = `${event.latency_ms.toFixed(0)} ms`;
  drawSpark(at("spark"), mine.latencies, SHOWN_LATENCIES);
  if (event.type === "response.speak") mine.spokenAt = event.end;
}

function begin(mine, response) {
  const moment = mine.spokenAt, emotion = response.metadata && response.metadata.emotion;
  const again = at("keep").checked ? () => hearAgain(mine, moment) : null;
  mine.reply = { ...replies.begin(moment, emotion, again), mark: lane.mark(moment, again) };
  show(mine);
}

function more(mine, delta) {
  if (!mine.reply) return;
  mine.reply.more(delta);
  mine.reply.mark(mine.reply.text);
}

function done(mine, response) {
  const isCancelled = response.status === "cancelled";
  if (isCancelled) mine.voice.stop(); // the server heard a voice over it, or was told to
  if (mine.reply) mine.reply.end(isCancelled);
  mine.reply = null;
  show(mine);
}

function hearAgain(mine, moment) {
  const samples = mine.kept.between(moment - HEARD_AGAIN, moment), context = new AudioContext();
  play(context, samples).onended = () => context.close();
}

// --- what is shown ---

function state(kind, text) { at("state").dataset.state = kind; if (at("state-text").textContent !== text) at("state-text").textContent = text; }
function explain(text) { at("blocked").textContent = text; at("blocked").hidden = !text; }

function show(mine) {
  at("hush").hidden = !mine.voice || !mine.voice.isPlaying();
  if (mine !== live) return;
  at("microphone").classList.add("running"); at("microphone-text").textContent = "Stop";
  if (mine.isLost) state("lost", "Connection lost, reconnecting …");
  else if (!mine.isOpen) state("connecting", "Connecting …");
  else if (performance.now() < mine.news) state("listening", "Resumed");
  else if (mine.reply || mine.voice.isPlaying()) state("speaking", "Speaking");
  else state("listening", mine.source ? `Listening to ${mine.source}` : "Listening");
}

function idle(kind, text) {
  at("microphone").classList.remove("running"); at("microphone-text").textContent = "Listen to the microphone";
  state(kind, text);
}

function clear() {
  explain(""); lane.clear(); replies.clear();
  at("heard").textContent = "0.0 s"; at("latency").textContent = "–";
  drawSpark(at("spark"), [], SHOWN_LATENCIES);
}

function showThreshold(value) {
  at("threshold").value = value; at("threshold-value").textContent = Number(value).toFixed(2);
  lane.threshold(Number(value));
}

// --- what the visitor does ---

function settings() {
  const threshold = isThresholdMine ? Number(at("threshold").value) : undefined;
  return { instructions: at("instruction").value.trim(), threshold, isAloud: at("aloud").checked };
}
const changed = () => live && live.session.update(settings());
const finished = () => live && live.session.end();
const hearRecording = (bytes, name) => start((hear) => recording(bytes, hear, finished), name);
const hearFile = async (file) => { if (file) hearRecording(await file.arrayBuffer(), file.name); };

function hush() {
  if (!talking || !talking.voice.isPlaying()) return;
  talking.session.cancel(); talking.voice.stop();
}

function unplugged() {
  stop(); state("failed", "No sound"); explain("The microphone is gone: unplugged, or no longer allowed for this page.");
}

at("microphone").addEventListener("click", () => { if (live) stop(); else start((hear) => microphone(hear, unplugged), ""); });
at("hush").addEventListener("click", hush);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hush(); });
at("file").addEventListener("change", (event) => { hearFile(event.target.files[0]); event.target.value = ""; });
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (event) => {
  event.preventDefault();
  at("drop").classList.toggle("over", kind === "dragover");
  if (kind === "drop") hearFile(event.dataTransfer.files[0]);
});
at("threshold").addEventListener("input", () => { isThresholdMine = true; showThreshold(at("threshold").value); });
for (const id of ["threshold", "instruction", "aloud"]) at(id).addEventListener("change", changed);
at("aloud").addEventListener("change", () => { if (!at("aloud").checked) hush(); });

async function listExamples() {
  for (const name of await (await fetch("/examples")).json()) {
    const button = document.createElement("button");
    button.textContent = name;
    button.addEventListener("click", async () => hearRecording(await (await fetch(`/examples/${name}`)).arrayBuffer(), name));
    at("examples").append(button);
  }
}
async function askWhoIsThere() { // before the first session; with keys that must wait for one
  const answer = await fetch("/v1/models");
  if (!answer.ok) return;
  const [{ id, capabilities }] = (await answer.json()).data;
  introduce(id, capabilities.chunk_period_ms, capabilities.speaks);
  showThreshold(capabilities.threshold);
}
await Promise.all([listExamples(), askWhoIsThere()]);
document.body.dataset.ready = "true";
