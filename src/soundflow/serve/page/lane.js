// The lane: a scrolling spectrogram, a block a chunk coloured by decision, p(speak) as a line, replies as marks.
import { BANDS, SECONDS_PER_COLUMN } from "./spectrum.js";

const MOST_SHOWN = 30, LEAST_SHOWN = 12; // seconds across the lane
const SECONDS_A_PIXEL = 0.031; // of a lane between those two
const COLUMNS = Math.ceil(MOST_SHOWN / SECONDS_PER_COLUMN);
const CHUNK_ROW = 18, TIME_ROW = 18; // heights of the rows below the spectrogram, CSS pixels
const FRAME_MS = 80; // between two drawings: smooth enough, and a phone stays cool
const FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';
const NIGHT = "#0b0f16", FAINT = "#7d8798";
const GLOW = [[11, 15, 22], [20, 48, 66], [24, 110, 116], [96, 190, 150], [244, 226, 150], [255, 250, 232]]; // quiet to loud
const FADING = 0.01; // of a steady sound in each column
const LINES = 3, LINE = 18, PAD = 8; // of a mark's label

export function makeLane(canvas) {
  const chunks = [], marks = [];
  const picture = document.createElement("canvas"); // one pixel a column and band; scrolled, then stretched
  picture.width = COLUMNS; picture.height = BANDS;
  const brush = picture.getContext("2d");
  const stripe = brush.createImageData(1, BANDS);
  const floor = new Float32Array(BANDS);
  let columns = 0, heard = 0, threshold = 0.5, isDue = false;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw() {
    isDue = false;
    const { pen, wide, high } = fitted(canvas);
    const shown = Math.max(LEAST_SHOWN, Math.min(MOST_SHOWN, wide * SECONDS_A_PIXEL));
    const from = Math.max(0, heard - shown), top = high - CHUNK_ROW - TIME_ROW;
    const view = { pen, wide, high, top, from, shown, x: (t) => ((t - from) / shown) * wide, y: (p) => top * (1 - 0.96 * p) - 1 };
    pen.fillStyle = NIGHT; pen.fillRect(0, 0, wide, high);
    const first = Math.max(0, Math.min(columns, COLUMNS) - (heard - from) / SECONDS_PER_COLUMN);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(picture, first, 0, shown / SECONDS_PER_COLUMN, BANDS, 0, 0, wide, top);
    drawTimes(view);
    drawChunks(view);
    drawProbability(view);
    drawMarks(view);
    if (!columns) { pen.fillStyle = FAINT; pen.font = `15px ${FONT}`; pen.textAlign = "center"; pen.fillText("The sound appears here, and what is decided about it", wide / 2, top / 3, wide - 24); pen.textAlign = "left"; }
  }

  function drawTimes({ pen, high, from, shown, x }) {
    pen.fillStyle = FAINT; pen.font = `11px ${FONT}`;
    for (let t = Math.ceil(from / 5) * 5; t <= from + shown; t += 5) pen.fillText(`${Math.floor(t / 60)}:${String(t % 60).padStart(2, "0")}`, x(t) + 3, high - 5);
  }

  function drawChunks({ pen, top, x }) {
    const speak = colour("--lane-speak"), silent = colour("--lane-silent");
    for (const chunk of chunks) {
      pen.fillStyle = chunk.speaks ? speak : silent;
      pen.beginPath(); pen.roundRect(x(chunk.start) + 1, top + 4, Math.max(2, x(chunk.end) - x(chunk.start) - 2), CHUNK_ROW - 8, 3); pen.fill();
    }
  }

  function drawProbability({ pen, wide, top, x, y }) {
    pen.strokeStyle = "rgba(255,255,255,0.5)"; pen.lineWidth = 1; pen.setLineDash([6, 5]);
    pen.beginPath(); pen.moveTo(0, y(threshold)); pen.lineTo(wide, y(threshold)); pen.stroke(); pen.setLineDash([]);
    if (!chunks.length) return;
    const points = chunks.map((chunk) => [(x(chunk.start) + x(chunk.end)) / 2, y(chunk.p)]);
    pen.beginPath(); pen.moveTo(points[0][0], top);
    for (const point of points) pen.lineTo(...point);
    pen.lineTo(points.at(-1)[0], top); pen.fillStyle = "rgba(255,224,102,0.16)"; pen.fill();
    pen.beginPath();
    for (const point of points) pen.lineTo(...point);
    pen.strokeStyle = "#ffe066"; pen.lineWidth = 2; pen.lineJoin = "round"; pen.stroke();
  }

  function drawMarks({ pen, wide, top, x }) {
    const speak = colour("--lane-speak"), most = Math.min(270, wide * 0.62);
    let lowest = 8, rightmost = -1;
    pen.strokeStyle = speak; pen.lineWidth = 2; pen.beginPath();
    for (const mark of marks) { pen.moveTo(x(mark.at), 0); pen.lineTo(x(mark.at), top); }
    pen.stroke();
    pen.font = `600 13px ${FONT}`;
    for (const mark of marks) {
      const at = x(mark.at), lines = wrapped(pen, mark.text, most - 2 * PAD);
      const width = Math.max(...lines.map((line) => pen.measureText(line).width)) + 2 * PAD, height = lines.length * LINE + 10;
      const left = Math.max(4, Math.min(at + 6, wide - width - 4)), y = left < rightmost + 6 && lowest + height < top ? lowest : 8;
      pen.fillStyle = speak; pen.beginPath(); pen.roundRect(left, y, width, height, 9); pen.fill();
      pen.fillStyle = "#fff"; lines.forEach((line, i) => pen.fillText(line, left + PAD, y + 19 + i * LINE));
      Object.assign(mark, { left, y, width, height });
      lowest = y + height + 6; rightmost = left + width;
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
      // a steady hum fades into the night: only what stands out of it glows
      floor[band] += (level < floor[band] ? 0.15 : Math.max(FADING, 1 / (columns + 1))) * (level - floor[band]);
      stripe.data.set(glow(1.6 * Math.max(0, level - floor[band] - 0.02) + 0.1 * level), 4 * (BANDS - 1 - band));
    });
    brush.putImageData(stripe, Math.min(columns, COLUMNS - 1), 0);
  }

  function forget() {
    while (chunks.length && chunks[0].end < heard - MOST_SHOWN - 2) chunks.shift();
    while (marks.length && marks[0].at < heard - MOST_SHOWN - 2) marks.shift();
  }

  const markAt = ({ offsetX, offsetY }) => marks.findLast((mark) => mark.hear && offsetX >= mark.left && offsetX <= mark.left + mark.width && offsetY >= mark.y && offsetY <= mark.y + mark.height);
  canvas.addEventListener("click", (event) => { const mark = markAt(event); if (mark) mark.hear(); });
  canvas.addEventListener("mousemove", (event) => { canvas.style.cursor = markAt(event) ? "pointer" : ""; });
  window.addEventListener("resize", due);
  due();
  return {
    column(levels) { paint(levels); heard = ++columns * SECONDS_PER_COLUMN; forget(); due(); },
    chunk(start, end, p, speaks) { chunks.push({ start, end, p, speaks }); due(); },
    // a reply at this second; returns what takes its text. `hear`: what a click on it plays, or null
    mark(at, hear) { const mark = { at, hear, text: "…" }; marks.push(mark); due(); return (text) => { mark.text = text; due(); }; },
    threshold(value) { threshold = value; due(); },
    clear() { brush.clearRect(0, 0, COLUMNS, BANDS); floor.fill(0); columns = chunks.length = marks.length = heard = 0; due(); },
  };
}

export function drawSpark(canvas, values, most) {
  const { pen, wide, high } = fitted(canvas), highest = Math.max(20, ...values);
  pen.clearRect(0, 0, wide, high);
  pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent"); pen.lineWidth = 1.5; pen.lineJoin = "round"; pen.beginPath();
  values.forEach((value, i) => pen.lineTo((i / (most - 1)) * wide, high - 2 - (value / highest) * (high - 4)));
  pen.stroke();
}

function fitted(canvas) { // a pen in CSS pixels, on a canvas with as many pixels as the screen has
  const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
  if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) { canvas.width = Math.round(wide * ratio); canvas.height = Math.round(high * ratio); }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, wide, high };
}

function glow(level) { // 0..1 to red, green, blue, opaque
  const place = Math.max(0, Math.min(0.999, level)) * (GLOW.length - 1), i = Math.floor(place), share = place - i;
  return [...GLOW[i].map((value, c) => value + share * (GLOW[i + 1][c] - value)), 255];
}

function wrapped(pen, text, width) {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (pen.measureText(longer).width <= width || !lines.at(-1)) lines[lines.length - 1] = longer;
    else if (lines.length < LINES) lines.push(word);
    else { lines[LINES - 1] += " …"; break; }
  }
  return lines;
}
