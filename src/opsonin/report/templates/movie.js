// Draws the packed cells of a movie. Nothing is fetched; nothing moves until it is asked to.
"use strict";
const movie = JSON.parse(document.getElementById("content").textContent);
const bytes = Uint8Array.from(atob(document.getElementById("packed").textContent), (sign) => sign.charCodeAt(0)).buffer;
const [play, slider, when, speed, again] = ["play", "frame", "when", "speed", "loop"].map((id) => document.getElementById(id));
const figures = [...document.querySelectorAll(".arms figure")];
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const last = movie.times.length - 1;
let now = 0;
let timer = null;

if (calm) speed.value = "1";

function cellsOf(frame) {
  const count = frame.counts.reduce((sum, n) => sum + n, 0);
  return {
    x: new Uint16Array(bytes, frame.at, count),
    y: new Uint16Array(bytes, frame.at + 2 * count, count),
    r: new Uint8Array(bytes, frame.at + 4 * count, count),
  };
}

// A panel as the maps of the report have it: grey outside the window, scale bar and clock in a strip below.
function paint(canvas, frame, time) {
  const [wide, high] = movie.extent;
  const strip = movie.strip * wide;
  const width = Math.max(Math.round(canvas.clientWidth * (devicePixelRatio || 1)), 200);
  const height = Math.round((width * (high + strip)) / wide);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const scale = width / wide;
  const ink = canvas.getContext("2d");
  ink.fillStyle = movie.outside;
  ink.fillRect(0, 0, width, height);
  if (frame) drawCells(ink, frame, scale, width);
  ink.fillStyle = movie.ink;
  const middle = (high + 0.52 * strip) * scale;
  ink.fillRect(0.25 * strip * scale, middle - 0.08 * strip * scale, movie.bar * scale, 0.16 * strip * scale);
  ink.font = `${Math.round(Math.min(0.047 * width, 22 * (devicePixelRatio || 1)))}px system-ui, sans-serif`;
  ink.textBaseline = "middle";
  ink.textAlign = "left";
  ink.fillText(`${movie.bar} µm`, (0.5 * strip + movie.bar) * scale, middle);
  ink.textAlign = "right";
  ink.fillText(frame ? time : `${time}: not stored`, width - 0.25 * strip * scale, middle);
}

function drawCells(ink, frame, scale, width) {
  const [wide, high] = movie.extent;
  const left = 0.5 * (wide - frame.box[0]);
  const top = 0.5 * (high - frame.box[1]);
  const { x, y, r } = cellsOf(frame);
  ink.save();
  ink.beginPath();
  ink.rect(left * scale, top * scale, frame.box[0] * scale, frame.box[1] * scale);
  ink.fillStyle = movie.paper;
  ink.fill();
  ink.clip();
  const disc = (k, style, grow) => {
    const radius = Math.max(r[k] * movie.radius, style.least) * grow;
    ink.beginPath();
    ink.arc((left + (x[k] / 65535) * frame.box[0]) * scale, (top + (y[k] / 65535) * frame.box[1]) * scale, radius * scale, 0, 2 * Math.PI);
  };
  let first = 0;
  movie.styles.forEach((style, index) => {
    const end = first + frame.counts[index];
    if (style.halo) {
      ink.fillStyle = "#ffffff";
      for (let k = first; k < end; k += 1) { disc(k, style, 1.35); ink.fill(); }
    }
    ink.fillStyle = style.fill;
    ink.strokeStyle = style.edge;
    ink.lineWidth = (style.line * width) / 600;
    for (let k = first; k < end; k += 1) { disc(k, style, 1); ink.fill(); ink.stroke(); }
    first = end;
  });
  ink.restore();
}

function show(index) {
  now = Math.min(Math.max(index, 0), last);
  slider.value = String(now);
  slider.setAttribute("aria-valuetext", movie.times[now]);
  when.textContent = movie.times[now];
  movie.arms.forEach((arm, k) => {
    const frame = arm.frames[now];
    const stands = frame && frame.weight !== 1 ? ` Each cell stands for ${frame.weight}.` : "";
    const said = frame ? frame.said + "." + stands : "Not stored at this time.";
    figures[k].querySelector(".counts").textContent = said;
    const canvas = figures[k].querySelector("canvas");
    canvas.setAttribute("aria-label", `Cells of arm ${arm.name} at ${movie.times[now]}: ${said}`);
    if (!figures[k].hidden) paint(canvas, frame, movie.times[now]);
  });
}

function stop() {
  clearInterval(timer);
  timer = null;
  play.textContent = "Play";
  play.setAttribute("aria-pressed", "false");
}

function start() {
  if (now === last) show(0);
  timer = setInterval(() => {
    if (now < last) show(now + 1);
    else if (again.checked) show(0);
    else stop();
  }, 1000 / Number(speed.value));
  play.textContent = "Stop";
  play.setAttribute("aria-pressed", "true");
}

function step(to) {
  stop();
  show(to);
}

// All shown panels side by side with their names, as one picture.
function save() {
  const shown = figures.filter((figure) => !figure.hidden);
  const panels = shown.map((figure) => figure.querySelector("canvas"));
  if (!panels.length) return;
  const gap = Math.round(0.03 * panels[0].width);
  const head = Math.round(0.08 * panels[0].width);
  const sheet = document.createElement("canvas");
  sheet.width = panels.reduce((sum, panel) => sum + panel.width + gap, gap);
  sheet.height = Math.max(...panels.map((panel) => panel.height)) + head + gap;
  const ink = sheet.getContext("2d");
  ink.fillStyle = "#ffffff";
  ink.fillRect(0, 0, sheet.width, sheet.height);
  let left = gap;
  panels.forEach((panel, k) => {
    ink.fillStyle = movie.ink;
    ink.font = `600 ${Math.round(0.5 * head)}px system-ui, sans-serif`;
    ink.textBaseline = "middle";
    ink.fillText(shown[k].querySelector("figcaption").textContent.trim(), left, 0.5 * head, panels[k].width);
    ink.drawImage(panel, left, head);
    left += panel.width + gap;
  });
  const link = document.createElement("a");
  link.download = `${movie.times[now].replace(/\W+/g, "_")}.png`;
  link.href = sheet.toDataURL("image/png");
  link.click();
}

play.addEventListener("click", () => (timer === null ? start() : stop()));
slider.addEventListener("input", () => step(Number(slider.value)));
speed.addEventListener("change", () => { if (timer !== null) { stop(); start(); } });
document.getElementById("save").addEventListener("click", save);
document.querySelectorAll(".show").forEach((box) => box.addEventListener("change", () => {
  figures[Number(box.value)].hidden = !box.checked;
  show(now);
}));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const control = event.target.closest("button, select, input");
  if (event.key === " " && !control) { event.preventDefault(); play.click(); }
  if (control && control !== play) return;
  if (event.key === "ArrowRight") step(now + 1);
  if (event.key === "ArrowLeft") step(now - 1);
  if (event.key === "Home") step(0);
  if (event.key === "End") step(last);
});
addEventListener("resize", () => show(now));
show(0);
