// Curves and heat maps of one metric over a grid of parameters. The reader chooses metric and axes; everything else
// follows from the data and the width of the window.
const data = JSON.parse(document.getElementById("sweep-data").textContent);
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
const colors = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"].map((name) => `var(${name})`);
const widthOf = (node) => Math.max(240, Math.floor(node.getBoundingClientRect().width));
const sizeOf = (axis) => data.axes[axis].values.length;

// --- Figures as people read them ---

const plain = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return d3.format(".3s")(value).replace("G", "B");
  if (size >= 100 || Number.isInteger(value)) return d3.format(",.0f")(value);
  return d3.format(size >= 1 ? ".3~r" : ".2~g")(value);
};
function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${d3.format(".3~r")(value)} ${units[unit]}`;
}
function seconds(value) {
  const size = Math.abs(value);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${d3.format(".3~r")(value * 1e6)} us`;
  return size < 1 ? `${d3.format(".3~r")(value * 1e3)} ms` : `${d3.format(size >= 100 ? ",.0f" : ".3~r")(value)} s`;
}
// By the unit that a step of the metric's path ends with.
function unitOf(name) {
  if (name.endsWith(".count") || name.endsWith("per_s")) return plain;
  const steps = name.split(".");
  if (steps.some((step) => step.endsWith("_ms"))) return (value) => seconds(value / 1e3);
  if (steps.some((step) => step.endsWith("_bytes"))) return bytes;
  return steps.some((step) => step.endsWith("_s")) ? seconds : plain;
}

// --- Choices ---

const chosen = {metric: 0, along: 0, against: data.axes.length > 1 ? 1 : null, steps: data.axes.map(() => 0), point: null};
// Most is to be seen along the axis with most steps.
const byLength = d3.range(data.axes.length).sort((one, other) => sizeOf(other) - sizeOf(one) || one - other);
chosen.along = byLength[0];
if (byLength.length > 1) chosen.against = byLength[1];

function select(id, labels, value, change) {
  const node = byId(id);
  node.replaceChildren(...labels.map(([key, label]) => element("option", {value: key, selected: key === value}, label)));
  node.value = value;
  node.onchange = () => change(+node.value);
}
function offerChoices() {
  select("metric", data.metrics.map((metric, i) => [i, metric.words]), chosen.metric, (value) => { chosen.metric = value; draw(); });
  select("along", data.axes.map((axis, i) => [i, axis.name]), chosen.along, (value) => {
    if (chosen.against === value) chosen.against = chosen.along;
    chosen.along = value;
    draw();
  });
  byId("against-label").hidden = data.axes.length < 2;
  if (data.axes.length > 1) {
    select("against", data.axes.map((axis, i) => [i, axis.name]).filter(([i]) => i !== chosen.along), chosen.against, (value) => { chosen.against = value; draw(); });
  }
  const others = d3.range(data.axes.length).filter((axis) => axis !== chosen.along && axis !== chosen.against);
  byId("fixed").replaceChildren(...others.map((axis) => {
    const choice = element("select", {"data-axis": axis, onchange: (event) => { chosen.steps[axis] = +event.target.value; draw(); }},
      ...data.axes[axis].values.map((value, i) => element("option", {value: i, selected: i === chosen.steps[axis]}, value)));
    return element("label", {}, ` at ${data.axes[axis].name} `, choice);
  }));
}

// The point at these steps of the two axes shown, the others as chosen.
function pointAt(x, y) {
  let point = 0;
  for (let axis = 0; axis < data.axes.length; axis++) {
    const step = axis === chosen.along ? x : axis === chosen.against ? y : chosen.steps[axis];
    point = point * sizeOf(axis) + step;
  }
  return point;
}
const metricNow = () => data.metrics[chosen.metric];
const estimateAt = (point) => metricNow().estimates[point];
const describe = (estimate, show) => estimate === null ? "no value"
  : show(estimate[0]) + (estimate[1] === null ? "" : ` \u00b1 ${show(estimate[1])}`);
const settings = (point) => data.points[point].steps.map((step, axis) => `${data.axes[axis].name} = ${data.axes[axis].values[step]}`);

// --- Hints and details ---

const tip = byId("tip");
function showTip(event, point) {
  const show = unitOf(metricNow().name), estimate = estimateAt(point), at = data.points[point];
  tip.textContent = [...settings(point), `${metricNow().words}: ${describe(estimate, show)}`,
    estimate === null ? "" : `${show(estimate[2])} to ${show(estimate[3])} over the seeds`,
    `${at.passed} of ${at.done} runs passed`].filter((line) => line !== "").join("\n");
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, window.innerWidth - box.width - 6))}px`;
  tip.style.top = `${event.clientY + 14 + box.height > window.innerHeight ? event.clientY - box.height - 10 : event.clientY + 14}px`;
}
const hideTip = () => { tip.hidden = true; };

function choosePoint(point) {
  chosen.point = point;
  const show = unitOf(metricNow().name), estimate = estimateAt(point);
  byId("detail").replaceChildren(
    element("h3", {}, settings(point).join(", ")),
    element("p", {}, `${metricNow().words}: ${describe(estimate, show)}`,
      estimate === null ? "" : `, from ${show(estimate[2])} to ${show(estimate[3])} over ${data.points[point].done} runs`),
    element("p", {}, "Run it: ", element("code", {}, data.points[point].replay)));
}

// --- Axes ---

// "10ms" -> 0.01; none for what is no quantity.
const factors = {"": 1, "%": 0.01, ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12,
  KiB: 1024, MiB: 1048576, GiB: 1073741824, TiB: 1099511627776, "bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "Tbit/s": 1e12};
function quantity(text) {
  const match = /^([0-9]+(?:\.[0-9]+)?)([a-zA-Z%/]*)$/.exec(text);
  return match && match[2] in factors ? +match[1] * factors[match[2]] : null;
}
// Numbers stand where they belong, on a logarithmic scale when each is a multiple of the one before; words side by side.
function positions(axis, range) {
  const values = data.axes[axis].values.map(quantity);
  const rising = values.every((value, i) => value !== null && (i === 0 || value > values[i - 1]));
  if (!rising || values.length < 2) {
    const scale = d3.scalePoint(d3.range(values.length), range).padding(0.5);
    return d3.range(values.length).map((i) => scale(i));
  }
  const factor = values[0] > 0 && values.length > 2 && values.every((value, i) => i === 0 || value / values[i - 1] >= 1.5) &&
    values[values.length - 1] / values[0] >= 8;
  return values.map((factor ? d3.scaleLog() : d3.scaleLinear()).domain([values[0], values[values.length - 1]]).range(range));
}
// Labels of an axis, as many as there is room for.
function labels(axis, places, room) {
  let free = -Infinity;
  return data.axes[axis].values.map((value, i) => ({value: value.length > 14 ? value.slice(0, 13) + "\u2026" : value, at: places[i]})).filter((label) => {
    const half = label.value.length * 3.4 + 4;
    if (label.at - half < free || label.at + half > room + 6) return false;
    free = label.at + half;
    return true;
  });
}

// --- Curves ---

function drawCurves() {
  const place = byId("curves"), metric = metricNow(), show = unitOf(metric.name);
  place.replaceChildren();
  const width = widthOf(place), height = 320, left = 72, right = 24, top = 10, bottom = 46;
  const count = chosen.against === null ? 1 : sizeOf(chosen.against);
  // Of many lines as many as can be told apart, evenly chosen.
  const lines = count <= colors.length ? d3.range(count)
    : d3.range(colors.length).map((i) => Math.round(i * (count - 1) / (colors.length - 1)));
  byId("curve-legend").replaceChildren(...chosen.against === null ? [] : [
    element("span", {}, `${data.axes[chosen.against].name}:`),
    ...lines.map((line, i) => element("span", {}, element("i", {style: `background:${colors[i]}`}), data.axes[chosen.against].values[line])),
    count > lines.length ? element("span", {}, `(${lines.length} of ${count})`) : null].filter((node) => node !== null));
  const xs = positions(chosen.along, [left + 12, width - right - 12]);
  const curves = lines.map((line) => d3.range(sizeOf(chosen.along)).map((x) => {
    const point = pointAt(x, line);
    return {x: xs[x], point, estimate: estimateAt(point)};
  }).filter((mark) => mark.estimate !== null));
  const ends = curves.flat().flatMap(({estimate}) => [estimate[0] - (estimate[1] || 0), estimate[0] + (estimate[1] || 0)]);
  if (ends.length === 0) { place.append(element("p", {class: "muted"}, "No run gave a value here.")); return; }
  let [low, high] = d3.extent(ends);
  if (low >= 0 && low < high * 0.5) low = 0;
  if (low === high) { low -= Math.abs(low) * 0.1 || 1; high += Math.abs(high) * 0.1 || 1; }
  const y = d3.scaleLinear([low, high], [height - bottom, top]).nice(5);
  const svg = d3.select(place).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height).attr("role", "img")
    .attr("aria-label", `${metric.words} along ${data.axes[chosen.along].name}: from ${show(d3.min(ends))} to ${show(d3.max(ends))}`);
  svg.append("g").attr("class", "grid").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).ticks(5).tickSize(-(width - left - right)).tickFormat(""));
  svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).ticks(5).tickFormat(show));
  const below = svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - bottom})`);
  below.append("line").attr("x1", left).attr("x2", width - right);
  for (const label of labels(chosen.along, xs, width)) {
    below.append("line").attr("x1", label.at).attr("x2", label.at).attr("y2", 5);
    below.append("text").attr("x", label.at).attr("y", 18).attr("text-anchor", "middle").text(label.value);
  }
  below.append("text").attr("x", (left + width - right) / 2).attr("y", 38).attr("text-anchor", "middle").text(data.axes[chosen.along].name);
  const line = d3.line().x((mark) => mark.x).y((mark) => y(mark.estimate[0]));
  const band = d3.area().x((mark) => mark.x).y0((mark) => y(mark.estimate[0] - (mark.estimate[1] || 0))).y1((mark) => y(mark.estimate[0] + (mark.estimate[1] || 0)));
  curves.forEach((marks, i) => {
    svg.append("path").attr("class", "band").attr("d", band(marks)).attr("fill", colors[i]).attr("fill-opacity", 0.15);
    svg.append("path").attr("class", "curve").attr("d", line(marks)).attr("fill", "none").attr("stroke", colors[i]).attr("stroke-width", 2);
    for (const mark of marks) {
      if (mark.estimate[1]) {
        svg.append("path").attr("stroke", colors[i]).attr("d", d3.line()([
          [mark.x, y(mark.estimate[0] - mark.estimate[1])], [mark.x, y(mark.estimate[0] + mark.estimate[1])]]));
      }
      svg.append("circle").attr("cx", mark.x).attr("cy", y(mark.estimate[0])).attr("r", 4).attr("fill", colors[i])
        .on("mousemove", () => showTip(d3.event, mark.point)).on("mouseleave", hideTip).on("click", () => choosePoint(mark.point));
    }
  });
}

// --- Heat map ---

function drawHeat() {
  byId("heat-panel").hidden = chosen.against === null;
  if (chosen.against === null) return;
  const place = byId("heat"), metric = metricNow(), show = unitOf(metric.name);
  place.replaceChildren();
  byId("heat-legend").replaceChildren();
  const across = sizeOf(chosen.along), down = sizeOf(chosen.against);
  const cells = d3.cross(d3.range(across), d3.range(down)).map(([x, y]) => ({x, y, point: pointAt(x, y)}));
  for (const cell of cells) cell.estimate = estimateAt(cell.point);
  const [low, high] = d3.extent(cells.filter((cell) => cell.estimate !== null), (cell) => cell.estimate[0]);
  if (low === undefined) { place.append(element("p", {class: "muted"}, "No run gave a value here.")); return; }
  const color = d3.scaleSequential(d3.interpolateViridis).domain(low === high ? [low - 1, high + 1] : [low, high]);
  const stops = d3.range(0, 1.01, 0.1).map((share) => color(color.domain()[0] + share * (color.domain()[1] - color.domain()[0])));
  byId("heat-legend").append(element("span", {}, show(low)), element("i", {style: `width:8rem;background:linear-gradient(to right,${stops.join(",")})`}),
    element("span", {}, show(high)), element("span", {}, "\u25b2 an expectation failed"));
  const longest = d3.max(data.axes[chosen.against].values, (value) => Math.min(value.length, 14));
  const width = widthOf(place), left = Math.max(44, longest * 7 + 14), right = 8, top = 22, bottom = 46;
  const cellHeight = Math.max(14, Math.min(44, 400 / down)), height = top + bottom + down * cellHeight;
  const cellWidth = (width - left - right) / across;
  const svg = d3.select(place).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height).attr("role", "img")
    .attr("aria-label", `${metric.words} by ${data.axes[chosen.along].name} and ${data.axes[chosen.against].name}: from ${show(low)} to ${show(high)}; the table below has every value`);
  const room = (text) => text.length * 6.6 + 8 < cellWidth && cellHeight >= 18;
  for (const cell of cells) {
    const x = left + cell.x * cellWidth, y = top + (down - 1 - cell.y) * cellHeight;
    const group = svg.append("g").attr("class", "cell").on("mousemove", () => showTip(d3.event, cell.point)).on("mouseleave", hideTip).on("click", () => choosePoint(cell.point));
    const fill = cell.estimate === null ? "var(--raised)" : color(cell.estimate[0]);
    group.append("rect").attr("x", x + 0.5).attr("y", y + 0.5).attr("width", Math.max(1, cellWidth - 1)).attr("height", cellHeight - 1).attr("fill", fill);
    const text = cell.estimate === null ? "\u2013" : show(cell.estimate[0]);
    const ink = cell.estimate !== null && d3.lab(fill).l > 60 ? "#000" : "#fff";
    const failed = data.points[cell.point].failed > 0;
    if (room(text)) {
      group.append("text").attr("x", x + cellWidth / 2).attr("y", y + cellHeight / 2 + 4).attr("text-anchor", "middle").attr("class", "small")
        .style("fill", cell.estimate === null ? "var(--muted)" : ink).text(text);
    }
    if (failed) group.append("path").attr("d", `M${x + cellWidth - 11},${y + 10}h8l-4,-7z`).attr("fill", ink).attr("class", "failed-mark");
  }
  const axis = svg.append("g").attr("class", "axis");
  const places = d3.range(across).map((i) => left + (i + 0.5) * cellWidth);
  for (const label of labels(chosen.along, places, width)) {
    axis.append("text").attr("x", label.at).attr("y", height - bottom + 16).attr("text-anchor", "middle").text(label.value);
  }
  axis.append("text").attr("x", left + (width - left - right) / 2).attr("y", height - 8).attr("text-anchor", "middle").text(data.axes[chosen.along].name);
  const every = Math.ceil(14 / cellHeight);
  data.axes[chosen.against].values.forEach((value, i) => {
    if (i % every !== 0) return;
    axis.append("text").attr("x", left - 6).attr("y", top + (down - 1 - i + 0.5) * cellHeight + 4).attr("text-anchor", "end")
      .text(value.length > 14 ? value.slice(0, 13) + "\u2026" : value);
  });
  const name = data.axes[chosen.against].name, most = Math.floor((width - 8) / 6.6);
  axis.append("text").attr("x", 4).attr("y", 13).text(name.length > most ? "\u2026" + name.slice(name.length - most + 1) : name);
}

// --- Tables ---

const mostRows = 500;
function drawTable() {
  const metric = metricNow(), show = unitOf(metric.name);
  const cell = (text, attributes = {}) => element("td", attributes, text);
  const head = element("tr", {}, ...data.axes.map((axis) => element("th", {scope: "col"}, axis.name)),
    ...["Passed", metric.words, "\u00b1", "Least", "Most"].map((title) => element("th", {scope: "col"}, title)));
  const rows = data.points.slice(0, mostRows).map((point, i) => {
    const estimate = estimateAt(i);
    const value = (which) => estimate === null || estimate[which] === null ? "\u2013" : element("data", {value: estimate[which]}, show(estimate[which]));
    return element("tr", {}, ...point.steps.map((step, axis) => axis === 0
      ? element("td", {}, element("button", {type: "button", "data-point": i, onclick: () => { choosePoint(i); byId("detail").scrollIntoView({block: "nearest"}); }}, data.axes[0].values[step]))
      : cell(data.axes[axis].values[step])),
      cell(`${point.passed} of ${point.done}`), cell(value(0)), cell(value(1)), cell(value(2)), cell(value(3)));
  });
  byId("point-table").replaceChildren(element("div", {class: "scroll"}, element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows))));
  if (data.points.length > mostRows) byId("point-table").append(element("p", {class: "muted"}, `${data.points.length - mostRows} more are in ${data.ledger}.`));
}
function drawTroubles() {
  byId("troubles").hidden = data.troubles.length === 0;
  byId("trouble-table").replaceChildren(element("div", {class: "scroll"}, element("table", {},
    element("thead", {}, element("tr", {}, ...["Status", "Point", "Seed", "What it said", "Again"].map((title) => element("th", {scope: "col", class: "text"}, title)))),
    element("tbody", {}, ...data.troubles.map((trouble) => element("tr", {}, ...[trouble.status, settings(trouble.point).join(", "), trouble.seed, trouble.message,
      element("code", {}, trouble.replay)].map((value) => element("td", {class: "text"}, value))))))));
}

function draw() {
  offerChoices();
  const metric = metricNow();
  byId("meaning").textContent = `${metric.name}, ${metric.worse}. ${data.seeds > 1 ? "Means over the seeds; bars and bands hold the true mean with 95 % confidence (Student's t)." : "One seed: no intervals."}`;
  drawSized();
  drawTable();
  if (chosen.point !== null) choosePoint(chosen.point);
}
function drawSized() {
  drawCurves();
  drawHeat();
}

const seeds = data.seeds === 1 ? `seed ${data.first_seed}` : `seeds ${data.first_seed} to ${data.first_seed + data.seeds - 1}`;
byId("facts").textContent = `${data.done.toLocaleString("en-US")} of ${data.runs.toLocaleString("en-US")} runs, ${data.points.length.toLocaleString("en-US")} points, ${seeds}. ${data.version}. Results in ${data.ledger}.`;
const whole = data.done === data.runs;
byId("status").textContent = whole ? "complete" : "incomplete";
byId("status").classList.add(whole ? "passed" : "interrupted");
drawTroubles();
if (data.metrics.length > 0) {
  draw();
} else {
  byId("figures").replaceChildren(element("p", {}, "No run gave any figure."));
  byId("points").hidden = true;
}
let drawnWidth = window.innerWidth, pending = null;
window.addEventListener("resize", () => {
  if (window.innerWidth === drawnWidth || data.metrics.length === 0) return;
  drawnWidth = window.innerWidth;
  clearTimeout(pending);
  pending = setTimeout(drawSized, 120);
});
