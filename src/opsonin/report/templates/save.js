// Saves the figures of a report with what they need beside a paper: curves as SVG in the colours of a white page, with
// their title and arms; maps as PNG, with arm, time and the meaning of their colours.
"use strict";
const told = JSON.parse(document.getElementById("colours").textContent);
const light = { "--rule": "#dcdcd6", ...told.light };
const ink = "#16181c";

function save(name, address) {
  const link = document.createElement("a");
  link.download = name;
  link.href = address;
  link.click();
}

function standalone(figure) {
  const svg = figure.querySelector(".picture svg").cloneNode(true);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  const kind = figure.dataset.legend; // "barriers": its colours are no arms; "bars": arms are areas
  const entries = kind === "barriers" ? barriers() : told.arms;
  const [head, legend] = [20, legendOf(entries, Number(width), Number(height), kind !== undefined)];
  const note = figure.querySelector(".note")?.textContent.split(/(?<=\.) /) ?? [];
  note.forEach((sentence) => {
    legend.parts.push(written(sentence, 2, Number(height) + legend.height + 8, "normal", 7.5));
    legend.height += 11;
  });
  const whole = Number(height) + head + legend.height;
  svg.setAttribute("viewBox", `0 ${-head} ${width} ${whole}`);
  svg.setAttribute("width", `${width}pt`);
  svg.setAttribute("height", `${whole}pt`);
  svg.setAttribute("font-family", "Helvetica, Arial, sans-serif");
  svg.removeAttribute("aria-hidden");
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = figure.dataset.title ?? figure.querySelector("figcaption").textContent;
  svg.append(...legend.parts, written(title.textContent, 2, -7, "bold", Math.min(9.5, (1.7 * width) / title.textContent.length)));
  svg.prepend(title);
  return new XMLSerializer().serializeToString(svg)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => light[name])
    .replaceAll("currentColor", ink);
}

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function written(text, x, y, weight = "normal", size = 9.5) {
  const made = element("text", { x, y, "font-size": size, "font-weight": weight, fill: ink });
  made.textContent = text;
  return made;
}

function barriers() {
  return [...document.querySelectorAll(".barrier-key")].map((key) => ({
    name: key.textContent.trim(), colour: key.querySelector("rect").getAttribute("fill"),
  }));
}

// Below a figure: each arm's line, or the colour of its areas, and its name, in rows.
function legendOf(entries, width, top, areas) {
  const parts = [];
  let [x, y] = [2, top + 12];
  entries.forEach((arm) => {
    const room = (areas ? 20 : 34) + 5.6 * arm.name.length;
    if (x > 2 && x + room > width) [x, y] = [2, y + 14];
    const area = { x, y: y - 8, width: 10, height: 10, rx: 2, fill: arm.colour };
    const line = { d: `M${x} ${y - 3}h24`, stroke: arm.colour, "stroke-width": 1.7, "stroke-dasharray": arm.dash, fill: "none" };
    parts.push(areas ? element("rect", area) : element("path", line), written(arm.name, x + (areas ? 14 : 28), y));
    x += room + 8;
  });
  return { parts, height: y + 6 - top };
}

// A map with a foot: what it shows, and its colours as the page explains them.
function captioned(figure, caption) {
  const map = figure.querySelector("img");
  const grow = Math.ceil(600 / map.naturalWidth); // letters below a small map would be too coarse
  const [width, height] = [grow * map.naturalWidth, grow * map.naturalHeight];
  const line = Math.round(width / 24);
  const bar = figure.closest(".maps")?.querySelector(".colourbar");
  const keys = [...(figure.closest(".maps, .imaged")?.querySelectorAll(".colour-key") ?? [])];
  const sheet = document.createElement("canvas");
  const brush = sheet.getContext("2d");
  const font = `${Math.round(0.72 * line)}px Helvetica, Arial, sans-serif`;
  brush.font = font;
  const rows = [[0, caption, ""]];
  keys.forEach((key) => {
    const text = key.textContent.trim();
    const room = brush.measureText(text).width + 2.2 * line;
    const last = rows.at(-1);
    const next = last[2] && last[3] + room < width ? [last[0], text, key.querySelector("circle").getAttribute("fill"), last[3] + room, last[3]]
      : [last[0] + 1, text, key.querySelector("circle").getAttribute("fill"), room, 0];
    rows.push(next);
  });
  sheet.width = width;
  sheet.height = height + Math.round((rows.at(-1)[0] + (bar ? 3.4 : 1.4)) * line);
  brush.fillStyle = "#ffffff";
  brush.fillRect(0, 0, sheet.width, sheet.height);
  brush.drawImage(map, 0, 0, width, height);
  brush.font = font;
  brush.textBaseline = "middle";
  rows.forEach(([row, text, fill, , left = 0]) => {
    const y = height + (row + 0.75) * line;
    if (fill) {
      brush.beginPath();
      brush.arc(left + 0.75 * line, y, 0.32 * line, 0, 2 * Math.PI);
      brush.fillStyle = fill;
      brush.fill();
      brush.strokeStyle = "#7b808a";
      brush.stroke();
    }
    brush.fillStyle = ink;
    brush.fillText(text, left + (fill ? 1.3 : 0.4) * line, y, width - 0.8 * line);
  });
  if (bar) {
    const [x, y, wide] = [1.5 * line, height + 1.4 * line, width - 3 * line];
    brush.drawImage(bar.querySelector("img"), x, y, wide, 0.7 * line);
    brush.textAlign = "center";
    bar.querySelectorAll("span").forEach((tick) => {
      const at = x + (parseFloat(tick.style.left) / 100) * wide;
      brush.fillRect(at - 0.5, y + 0.7 * line, 1, 0.2 * line);
      brush.fillText(tick.textContent, at, y + 1.4 * line);
    });
  }
  return sheet.toDataURL("image/png");
}

document.documentElement.classList.add("scripted");
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && location.hash.startsWith("#map-")) location.hash = "#maps"; });
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-save]");
  if (!button) return;
  const figure = button.closest("figure");
  const name = `${button.dataset.file}.${button.dataset.save}`;
  if (button.dataset.save === "png") {
    save(name, captioned(figure, button.dataset.caption));
  } else {
    const address = URL.createObjectURL(new Blob([standalone(figure)], { type: "image/svg+xml" }));
    save(name, address);
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
});
