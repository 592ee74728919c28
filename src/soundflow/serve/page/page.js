// The page: connects sources, a session and the lane. Tests: tests/serve/test_page.py.
import { openSession, RATE } from "./session.js";
import { microphone, recording, play, whyBlocked } from "./sources.js";
import { spectrum } from "./spectrum.js";
import { makeLane, drawSpark } from "./lane.js";

const KEPT_SECONDS = 600; // of sound kept in the browser
const at = (id) => document.getElementById(id);
const lane = makeLane(at("lane"));
let session = null, stopSource = null, kept = [], keptFrom = 0, fed = 0, latencies = [], reply = null, replies = 0, isThresholdMine = false, run = 0;

function show(state, text) { at("state").dataset.state = state; at("state-text").textContent = text; }
function clock(seconds) { return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`; }
function settings() {
  return { instructions: at("instruction").value.trim(), threshold: isThresholdMine ? Number(at("threshold").value) : undefined };
}
function explain(text) { at("blocked").textContent = text; at("blocked").hidden = !text; }

async function start(open, text) {
  stop();
  const mine = ++run;
  explain("");
  lane.clear(); kept = []; keptFrom = fed = replies = 0; latencies = []; reply = null;
  at("replies").replaceChildren(); at("empty").hidden = false; at("count").textContent = "0";
  show("connecting", "Connecting …");
  session = openSession({ key: at("key").value, settings: settings(), onEvent: (event) => { if (mine === run) told(event); }, onClose: (event) => { if (mine === run) closed(event); } });
  const columns = spectrum(lane.column);
  const hear = (samples) => {
    if (mine !== run) return;
    session.append(samples); columns(samples); keep(samples);
    fed += samples.length / RATE; at("heard").textContent = `${fed.toFixed(1)} s`;
  };
  await session.opened;
  try {
    const stopper = await open(hear);
    if (mine !== run) { stopper(); return; }
    stopSource = stopper;
    at("stop").disabled = false; show("listening", text);
  } catch (error) {
    stop(); show("failed", "No sound"); explain(whyBlocked(error));
  }
}

function stop() {
  run++;
  if (stopSource) stopSource();
  if (session) session.close();
  stopSource = session = null;
  at("stop").disabled = true; at("microphone").setAttribute("aria-pressed", "false"); at("microphone").textContent = "Listen to the microphone";
  show("closed", "Not connected");
}

function keep(samples) {
  if (!at("keep").checked) { kept = []; keptFrom = fed + samples.length / RATE; return; }
  kept.push(samples.slice());
  while (kept.length && fed - keptFrom > KEPT_SECONDS) keptFrom += kept.shift().length / RATE;
}

function closed(event) {
  if (stopSource) stopSource();
  stopSource = session = null; at("stop").disabled = true; at("microphone").setAttribute("aria-pressed", "false"); at("microphone").textContent = "Listen to the microphone";
  if (event.code === 1000) show("closed", "Finished");
  else {
    show("failed", "Connection lost");
    if (at("blocked").hidden) explain(event.code === 1006 ? "The server did not let this page in, or is gone. If it asks for an API key, give one below." : `The server ended the session (${event.code}).`);
  }
}

function told(event) {
  switch (event.type) {
    case "session.created": at("model").textContent = `${event.session.model}: one decision every ${event.session.capabilities.chunk_period_ms / 1000} s`; break;
    case "session.updated": threshold(event.session.soundflow.threshold); if (!at("instruction").value) at("instruction").placeholder = event.session.instructions; break;
    case "response.listen": case "response.speak": decided(event); break;
    case "response.created": begin(event.response); break;
    case "response.output_text.delta": more(event.delta); break;
    case "response.done": reply = null; if (session && stopSource) show("listening", "Listening"); break;
    case "soundflow.end": if (session) session.close(); break;
    case "error": explain(event.error.message); break;
  }
}

function decided(event) {
  lane.chunk(event.start, event.end, event.p_response, event.type === "response.speak");
  latencies.push(event.latency_ms); latencies = latencies.slice(-60);
  at("latency").textContent = `${event.latency_ms.toFixed(0)} ms`;
  drawSpark(at("spark"), latencies);
  if (event.type === "response.speak") spokenAt = event.end;
}
let spokenAt = 0;

function begin(response) {
  const item = document.createElement("li"), time = document.createElement("time"), text = document.createElement("p");
  time.textContent = clock(spokenAt);
  if (response.metadata && response.metadata.emotion) {
    const emotion = document.createElement("span"); emotion.className = "emotion"; emotion.textContent = response.metadata.emotion; text.append(emotion);
  }
  const words = document.createElement("span"); text.append(words);
  item.append(time, text);
  if (at("keep").checked) item.append(listenAgain(spokenAt));
  at("replies").prepend(item); at("empty").hidden = true; at("count").textContent = String(++replies);
  reply = { words, mark: lane.mark(spokenAt), text: "" };
  show("speaking", "Speaking");
}

function more(delta) { if (reply) { reply.text += delta; reply.words.textContent = reply.text; reply.mark(reply.text); } }

function listenAgain(end) {
  const button = document.createElement("button");
  button.textContent = "▶ hear it"; button.setAttribute("aria-label", `Hear the four seconds before ${clock(end)}`);
  button.addEventListener("click", () => {
    const all = new Float32Array(kept.reduce((sum, block) => sum + block.length, 0));
    let place = 0;
    for (const block of kept) { all.set(block, place); place += block.length; }
    const from = Math.max(0, Math.round((end - 4 - keptFrom) * RATE)), to = Math.round((end - keptFrom) * RATE);
    const context = new AudioContext();
    play(context, all.slice(from, Math.max(from + 1, to))).onended = () => context.close();
  });
  return button;
}

function threshold(value) { at("threshold").value = value; at("threshold-value").textContent = Number(value).toFixed(2); lane.threshold(Number(value)); }
const finished = () => session && session.end();
const hearFile = (bytes, name) => start((hear) => recording(bytes, hear, finished), `Listening to ${name}`);

at("microphone").addEventListener("click", () => {
  if (at("microphone").getAttribute("aria-pressed") === "true") { stop(); return; }
  start(microphone, "Listening").then(() => { if (stopSource) { at("microphone").setAttribute("aria-pressed", "true"); at("microphone").textContent = "Stop the microphone"; } });
});
at("stop").addEventListener("click", stop);
at("file").addEventListener("change", async (event) => { const file = event.target.files[0]; if (file) hearFile(await file.arrayBuffer(), file.name); event.target.value = ""; });
for (const kind of ["dragover", "dragleave", "drop"]) at("drop").addEventListener(kind, async (event) => {
  event.preventDefault();
  at("drop").classList.toggle("over", kind === "dragover");
  if (kind === "drop" && event.dataTransfer.files[0]) hearFile(await event.dataTransfer.files[0].arrayBuffer(), event.dataTransfer.files[0].name);
});
at("threshold").addEventListener("input", () => { isThresholdMine = true; at("threshold-value").textContent = Number(at("threshold").value).toFixed(2); lane.threshold(Number(at("threshold").value)); });
at("threshold").addEventListener("change", () => session && session.update(settings()));
at("instruction").addEventListener("change", () => session && session.update(settings()));

for (const name of await (await fetch("/examples")).json()) {
  const button = document.createElement("button");
  button.textContent = name;
  button.addEventListener("click", async () => hearFile(await (await fetch(`/examples/${name}`)).arrayBuffer(), name));
  at("examples").append(button);
}
document.body.dataset.ready = "true";
