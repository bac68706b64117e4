// Saves the figures of a report: maps as the PNG that they are, curves as SVG in the colours of a white page.
"use strict";
const light = { "--rule": "#dcdcd6", ...JSON.parse(document.getElementById("colours").textContent) };

function save(name, address) {
  const link = document.createElement("a");
  link.download = name;
  link.href = address;
  link.click();
}

function standalone(figure) {
  const svg = figure.querySelector(".picture svg").cloneNode(true);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  svg.setAttribute("width", `${width}pt`);
  svg.setAttribute("height", `${height}pt`);
  svg.setAttribute("font-family", "Helvetica, Arial, sans-serif");
  svg.removeAttribute("aria-hidden");
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = figure.querySelector("figcaption").textContent;
  svg.prepend(title);
  return new XMLSerializer().serializeToString(svg)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => light[name])
    .replaceAll("currentColor", "#16181c");
}

document.documentElement.classList.add("scripted");
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-save]");
  if (!button) return;
  const figure = button.closest("figure");
  const name = `${button.dataset.file}.${button.dataset.save}`;
  if (button.dataset.save === "png") {
    save(name, figure.querySelector("img").src);
  } else {
    const address = URL.createObjectURL(new Blob([standalone(figure)], { type: "image/svg+xml" }));
    save(name, address);
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
});
