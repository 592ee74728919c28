// The lane: a scrolling spectrogram, a block a chunk coloured by decision, p(speak) as a line, replies as marks.
import { BANDS, SECONDS_PER_COLUMN } from "./spectrum.js";

const SHOWN = 30; // seconds across the lane
const COLUMNS = Math.ceil(SHOWN / SECONDS_PER_COLUMN);
const CHUNK_ROW = 22; // height of the row of chunks, CSS pixels
const FRAME_MS = 80; // between two drawings: smooth enough, and a phone stays cool

export function makeLane(canvas) {
  const chunks = [], marks = [];
  const picture = document.createElement("canvas"); // one pixel a column and band; scrolled, then stretched
  picture.width = COLUMNS; picture.height = BANDS;
  const brush = picture.getContext("2d");
  const stripe = brush.createImageData(1, BANDS);
  let columns = 0, heard = 0, threshold = 0.5, isDue = false;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw() {
    isDue = false;
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
    if (canvas.width !== Math.round(wide * ratio)) { canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio); }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#0b0f16"; pen.fillRect(0, 0, wide, high);
    const from = Math.max(0, heard - SHOWN), x = (t) => ((t - from) / SHOWN) * wide, top = high - CHUNK_ROW;
    pen.drawImage(picture, 0, 0, wide, top);
    pen.strokeStyle = "rgba(255,255,255,0.45)"; pen.setLineDash([6, 5]); pen.beginPath();
    pen.moveTo(0, top * (1 - threshold)); pen.lineTo(wide, top * (1 - threshold)); pen.stroke(); pen.setLineDash([]);
    const speak = colour("--speak"), silent = colour("--silent");
    for (const chunk of chunks) {
      pen.fillStyle = chunk.speaks ? speak : silent;
      const at = x(chunk.start);
      pen.fillRect(at + 1, top + 5, Math.max(2, x(chunk.end) - at - 2), CHUNK_ROW - 8);
    }
    pen.strokeStyle = "#ffe066"; pen.lineWidth = 2; pen.beginPath();
    chunks.forEach((chunk, i) => { const at = (x(chunk.start) + x(chunk.end)) / 2, y = top * (1 - chunk.p); if (i) pen.lineTo(at, y); else pen.moveTo(at, y); });
    pen.stroke(); pen.lineWidth = 1;
    pen.font = "600 13px system-ui, sans-serif";
    for (const mark of marks) {
      const at = x(mark.at);
      pen.strokeStyle = speak; pen.beginPath(); pen.moveTo(at, 0); pen.lineTo(at, top); pen.stroke();
      const text = mark.text.length > 34 ? mark.text.slice(0, 33) + "…" : mark.text, width = pen.measureText(text).width + 12;
      const left = Math.max(4, Math.min(at + 4, wide - width - 4));
      pen.fillStyle = speak; pen.beginPath(); pen.roundRect(left, 8, width, 22, 6); pen.fill();
      pen.fillStyle = "#fff"; pen.fillText(text, left + 6, 24);
    }
  }

  function due() { if (!isDue) { isDue = true; setTimeout(() => requestAnimationFrame(draw), FRAME_MS); } }
  function paint(levels) {
    if (columns >= COLUMNS) {
      brush.globalCompositeOperation = "copy";
      brush.drawImage(picture, -1, 0);
      brush.globalCompositeOperation = "source-over";
    }
    levels.forEach((level, band) => {
      const row = 4 * (BANDS - 1 - band);
      stripe.data.set([255 * level ** 1.6, 255 * level ** 2.2 * 0.85 + 40 * level, 110 * level ** 0.7 + 40 * level, 255], row);
    });
    brush.putImageData(stripe, Math.min(columns, COLUMNS - 1), 0);
  }

  function forget() {
    while (chunks.length && chunks[0].end < heard - SHOWN - 2) chunks.shift();
    while (marks.length && marks[0].at < heard - SHOWN - 2) marks.shift();
  }
  window.addEventListener("resize", due);
  due();
  return {
    column(levels) { paint(levels); heard = ++columns * SECONDS_PER_COLUMN; forget(); due(); },
    chunk(start, end, p, speaks) { chunks.push({ start, end, p, speaks }); due(); },
    mark(at) { const mark = { at, text: "…" }; marks.push(mark); due(); return (text) => { mark.text = text; due(); }; },
    threshold(value) { threshold = value; due(); },
    clear() { brush.clearRect(0, 0, COLUMNS, BANDS); columns = chunks.length = marks.length = heard = 0; due(); },
  };
}

export function drawSpark(canvas, values) {
  const pen = canvas.getContext("2d"), most = Math.max(20, ...values);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent"); pen.lineWidth = 2; pen.beginPath();
  values.forEach((value, i) => { const x = (i / 59) * canvas.width, y = canvas.height - 2 - (value / most) * (canvas.height - 4); if (i) pen.lineTo(x, y); else pen.moveTo(x, y); });
  pen.stroke();
}
