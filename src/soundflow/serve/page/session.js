// One live session on the server, over as many sockets as it takes: sound in, events out. Knows nothing of the page.
// A socket that drops is replaced: the session is resumed and the sound it missed is sent. docs/reference/realtime.md
import { makeBacklog, toBase64 } from "./backlog.js";

export const RATE = 16000; // Hz, the rate contexts run at and the wire is told
export const VOICE_RATE = 24000; // Hz, of replies said aloud
const PATIENCE_MS = 30_000; // as long as a server keeps a session by default
const DIAL_MS = 12_000; // for a socket to be there and the session resumed; a server may wait 10 s for the old socket to let go
const SILENT_MS = 8_000; // without a word while a decision is due: the other end is gone and nobody said so
const FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 4_000; // between two attempts
const COMES_BACK = 4000; // the code a socket is given up with, so that the server keeps the session
const ON_PURPOSE = [1000, 1001, 1008, 1009, 4001]; // codes of a session that is over: done, stopped, a limit, moved

// onLost(), onResumed() and, at last, onClose({why, code}); `why` is done, refused, ended, expired or unreachable.
export function openSession({ key, settings, onEvent, onLost, onResumed, onClose }) {
  const backlog = makeBacklog(RATE);
  const owed = []; // events to send once there is a socket again
  let wanted = settings, socket = null, ticket = null, seen = 0, heardAt = 0;
  let isLive = false, isOver = false, lostAt = 0, tries = 0, timer = 0, wasOpened;
  const opened = new Promise((resolve) => { wasOpened = resolve; });

  const send = (event) => socket.send(JSON.stringify(event));
  const say = (event) => { if (isLive) send(event); else owed.push(event); };
  const sendSettings = () => send({ type: "session.update", session: asSession(wanted) });

  function dial() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const protocols = key ? ["realtime", `openai-insecure-api-key.${key}`] : ["realtime"];
    const mine = new WebSocket(`${scheme}://${location.host}/v1/realtime${ticket ? "?autostart=0" : ""}`, protocols);
    socket = mine;
    mine.addEventListener("open", () => { if (mine === socket) greet(); });
    mine.addEventListener("message", (message) => { if (mine === socket) told(JSON.parse(message.data)); });
    mine.addEventListener("close", (event) => { if (mine === socket) dropped(event.code); });
    if (ticket) timer = setTimeout(() => abandon(mine), DIAL_MS);
  }

  function greet() {
    if (ticket) send({ type: "session.resume", ...ticket, last_received_server_event_seq: seen });
    else goOn(0);
  }

  function goOn(from) { // from this sample on the server has heard nothing
    isLive = true; heardAt = performance.now();
    sendSettings();
    for (const block of backlog.since(from)) send(soundEvent(block));
    for (const event of owed.splice(0)) send(event);
    wasOpened(true);
  }

  function told(event) {
    heardAt = performance.now();
    seen = Math.max(seen, event.server_event_seq || 0);
    if (event.type === "session.created") ticket = { session_id: event.session.id, resume_token: event.resume_token };
    if (event.type === "session.resumed") resumed(event);
    if (event.type === "session.resync_required" || isExpired(event)) { over("expired", 0); return; }
    if (event.type === "response.listen" || event.type === "response.speak") backlog.forget(event.end * RATE);
    onEvent(event);
  }

  function resumed(event) {
    clearTimeout(timer);
    ticket.resume_token = event.resume_token;
    lostAt = tries = 0;
    goOn(Math.round((event.received_ms / 1000) * RATE));
    onResumed();
  }

  function abandon(mine) { // the server sees the new socket before it knows that the old one is gone
    if (mine !== socket || isOver) return;
    socket = null;
    mine.close(COMES_BACK);
    dropped(1006);
  }

  function dropped(code) {
    clearTimeout(timer);
    if (isOver) return;
    if (!ticket) { over("refused", code); return; }
    if (ON_PURPOSE.includes(code)) { over(code === 1000 ? "done" : "ended", code); return; }
    isLive = false;
    if (!lostAt) { lostAt = performance.now(); onLost(); }
    if (performance.now() - lostAt > PATIENCE_MS) { over("unreachable", code); return; }
    timer = setTimeout(dial, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries++));
  }

  function over(why, code) {
    if (isOver) return;
    isOver = true; isLive = false;
    clearTimeout(timer); clearInterval(watch); window.removeEventListener("online", hurry);
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(1000);
    wasOpened(false);
    onClose({ why, code });
  }

  function hurry() { // the network is back: no need to wait
    if (!lostAt || isLive || isOver) return;
    clearTimeout(timer);
    tries = 0;
    const slow = socket;
    dial();
    if (slow) slow.close(COMES_BACK);
  }
  const watch = setInterval(() => {
    if (isLive && backlog.seconds() > 1 && performance.now() - heardAt > SILENT_MS) abandon(socket);
  }, 1000);
  window.addEventListener("online", hurry);
  const isExpired = (event) => event.type === "error" && event.error.code === "session_resume_expired";

  dial();
  return {
    opened, // true once sound is taken, false when it never is
    update(settings) { wanted = settings; if (isLive) sendSettings(); },
    append(samples) { const block = backlog.add(samples); if (isLive) send(soundEvent(block)); },
    end: () => say({ type: "soundflow.end" }),
    cancel: () => say({ type: "response.cancel" }),
    played: (item, ms) => say({ type: "playback.ack", item_id: item, played_ms: ms, final: true }),
    close: () => over("done", 1000),
  };
}

const soundEvent = (pcm) => ({ type: "input_audio_buffer.append", audio: toBase64(pcm) });

function asSession({ instructions, threshold, isAloud }) {
  const input = { format: { type: "audio/pcm", rate: RATE }, turn_detection: null };
  const audio = { input };
  if (isAloud) {
    input.turn_detection = { type: "server_vad", interrupt_response: true }; // a voice over a reply ends it
    audio.output = { format: { type: "audio/pcm", rate: VOICE_RATE } };
  }
  const own = { events: true };
  if (threshold !== undefined) own.threshold = threshold;
  return { type: "realtime", instructions: instructions || null, output_modalities: [isAloud ? "audio" : "text"], audio, soundflow: own };
}
