// Figures and moments as people read them, and small helpers for the document.
const grouped = (value) => Math.round(value).toLocaleString("en-US");
function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "\u2013";
  const size = Math.abs(value);
  if (size >= 1e9) return d3.format(".4s")(value).replace("G", "B");
  if (size >= 100 || Number.isInteger(value)) return grouped(value);
  return d3.format(size >= 10 ? ".1f" : size >= 0.1 ? ".2f" : ".2~g")(value);
}
// For axes, where room is short.
const tick = (value) => Math.abs(value) >= 1e5 ? d3.format("~s")(value).replace("G", "B") : short(value);
// Round moments of a span: the steps of a clock, not powers of ten.
const clockSteps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];
function clockTicks([from, to], most) {
  const step = clockSteps.find((seconds) => (to - from) / seconds <= most) ?? clockSteps[clockSteps.length - 1];
  return {step, ticks: d3.range(Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9) + 1).map((count) => count * step)};
}
const percent = (share) => d3.format(".1%")(share);
function milliseconds(value) {
  if (value === null || value === undefined) return "\u2013";
  if (value >= 1000) return `${d3.format(".3~r")(value / 1000)} s`;
  return `${value >= 100 ? d3.format(",.0f")(value) : value >= 10 ? d3.format(".1f")(value) : d3.format(".2f")(value)} ms`;
}
function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${unit === 0 ? value : d3.format(value >= 100 ? ".0f" : ".3~g")(value)} ${units[unit]}`;
}
// A moment of the run; digits as the rows need them.
const momentDigits = interval >= 1 ? 0 : interval >= 0.1 ? 1 : 2;
function moment(seconds, digits = momentDigits) {
  const sign = seconds < 0 ? "\u2212" : "";
  const size = Math.abs(seconds);
  if (size < 60) return `${sign}${size.toFixed(digits)} s`;
  const minutes = Math.floor(size / 60);
  const rest = (size - 60 * minutes).toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, "0");
  return minutes < 60 ? `${sign}${minutes}:${rest}`
    : `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

const byId = (id) => document.getElementById(id);
function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
// A figure that a program can read back exactly: the value stands in the element.
function figure(path, show = short) {
  const value = metric(path);
  if (value === null) return element("span", {}, "\u2013");
  return element("data", {value, "data-metric": path.join(".")}, show(value));
}

const tip = byId("tip");
function showTip(event, text) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, window.innerWidth - box.width - 6);
  const y = event.clientY + 14 + box.height > window.innerHeight ? event.clientY - box.height - 10 : event.clientY + 14;
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, y)}px`;
}
const hideTip = () => { tip.hidden = true; };
const widthOf = (node) => Math.max(240, Math.floor(node.getBoundingClientRect().width));
const colors = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"].map((name) => `var(${name})`);
