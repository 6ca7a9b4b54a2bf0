// Differences of figures with their intervals, and the moment where two histories part.
const data = JSON.parse(document.getElementById("compare-data").textContent);
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
const widthOf = (node) => Math.max(240, Math.floor(node.getBoundingClientRect().width));
const plain = (value) => value === 0 ? "0" : d3.format(Math.abs(value) >= 1e6 ? ".4s" : Math.abs(value) >= 100 ? ",.0f" : ".3~r")(value);
const percent = (share) => `${share > 0 ? "+" : ""}${d3.format(Math.abs(share) < 0.1 ? ".1%" : ".0%")(share)}`;
const seconds = (value) => `${value.toFixed(6)} s`;

// --- The sides and the verdict ---

byId("side-a").textContent = data.a;
byId("side-b").textContent = data.b;
const verdicts = data.identical ? ["identical", "passed"] : data.beyond_tolerance > 0 ? [`${data.beyond_tolerance} worse than tolerated`, "failed"]
  : data.differing > 0 ? ["different, nothing worse than tolerated", "passed"] : ["no figure differs", "passed"];
byId("status").textContent = verdicts[0];
byId("status").classList.add(verdicts[1]);
const runs = data.seeds.length;
byId("facts").textContent = (runs === 1 ? `One run on each side, seed ${data.seeds[0]}${data.same_seeds ? "" : " and another"}: no intervals.`
  : `${runs} runs on each side with the same seeds, ${data.seeds[0]} to ${data.seeds[runs - 1]}; intervals of 95 % (Student's t, paired).`) + ` ${data.version}.`;

// --- History ---

function events(list, side) {
  return list.map((event) => element("tr", {}, element("td", {class: "text"}, side), element("td", {}, seconds(event.at_s)),
    element("td", {class: "text"}, event.host), element("td", {class: "text"}, event.words)));
}
function drawHistory() {
  const parting = data.parting, note = data.parting_note;
  byId("history").hidden = !parting && !note && data.plan_differences.length === 0;
  byId("parting").textContent = parting ? `${seconds(Math.abs(parting.at_s))} ${parting.at_s < 0 ? "before the end of" : "after"} the warm-up, on ${parting.host}, with seed ${parting.seed}.` : note || "";
  if (data.plan_differences.length > 0) {
    const most = 30;
    byId("plans").append(element("h3", {}, "What differs in the plans"), element("ul", {},
      ...data.plan_differences.slice(0, most).map((line) => element("li", {}, element("code", {}, line)))));
    if (data.plan_differences.length > most) byId("plans").append(element("p", {class: "muted"}, `and ${data.plan_differences.length - most} more`));
  }
  if (!parting) return;
  const rows = [...events(parting.behind, "both"), ...events(parting.a, "A"), ...events(parting.b, "B")];
  if (parting.noticed_a) rows.push(...events([parting.noticed_a], "A, noticed"));
  if (parting.noticed_b) rows.push(...events([parting.noticed_b], "B, noticed"));
  byId("chain").append(element("div", {class: "scroll"}, element("table", {}, element("caption", {}, "What led there, and what followed"),
    element("thead", {}, element("tr", {}, ...["Side", "Moment", "Host", "What happened"].map((title, i) => element("th", {scope: "col", class: i === 1 ? null : "text"}, title)))),
    element("tbody", {}, ...rows))));
}

// --- Figures ---

const kinds = {
  beyond: ["worse than tolerated", (figure) => figure.beyond_tolerance],
  judged: ["worse or better", (figure) => ["WORSE", "worse", "better"].includes(figure.verdict)],
  differing: ["all that differ", (figure) => figure.differs],
  all: ["all", () => true],
};
const start = data.beyond_tolerance > 0 ? "beyond" : data.figures.some(kinds.judged[1]) ? "judged" : data.differing > 0 ? "differing" : "all";
byId("which").append(...Object.entries(kinds).map(([key, [label]]) => element("option", {value: key, selected: key === start}, label)));
byId("which").value = start;
const shown = () => data.figures.filter(kinds[byId("which").value][1])
  .filter((figure) => (figure.words + " " + figure.metric).toLowerCase().includes(byId("search").value.trim().toLowerCase()));
const colorOf = (figure) => ["WORSE", "worse"].includes(figure.verdict) ? "var(--c2)" : figure.verdict === "better" ? "var(--c3)" : "var(--muted)";

// A row per figure: the difference as a share of A, with its interval; what is off by more than five times A ends at the edge.
function drawForest(figures) {
  const place = byId("forest"), most = 40;
  place.replaceChildren();
  const rows = figures.filter((figure) => figure.share !== null && figure.differs).slice(0, most).map((figure) => {
    const half = figure.difference.half_width === null ? 0 : Math.abs(figure.share * figure.difference.half_width / (figure.difference.mean || 1));
    return {figure, share: figure.share, half};
  });
  byId("legend").textContent = rows.length === 0 ? "" : "Difference of B as a share of A: orange got worse, green better, grey is neither or may be chance.";
  if (rows.length === 0) return;
  const width = widthOf(place), narrow = width < 560, line = narrow ? 34 : 22;
  const left = narrow ? 26 : Math.min(320, 24 + 6.4 * d3.max(rows, (row) => row.figure.words.length)), right = 70, top = 22;
  const height = top + rows.length * line + 8;
  const reach = Math.min(5, Math.max(0.001, d3.max(rows, (row) => Math.abs(row.share) + row.half)));
  const x = d3.scaleLinear([-reach, reach], [left, width - right]).clamp(true);
  const svg = d3.select(place).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height).attr("role", "img")
    .attr("aria-label", `Differences of ${rows.length} figures as shares of A; the table below has them all`);
  svg.append("g").attr("class", "grid").attr("transform", `translate(0,${top})`).call(d3.axisTop(x).ticks(narrow ? 3 : 5).tickSize(-(height - top)).tickFormat(""));
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${top})`).call(d3.axisTop(x).ticks(narrow ? 3 : 5).tickFormat(percent));
  svg.append("line").attr("x1", x(0)).attr("x2", x(0)).attr("y1", top).attr("y2", height).attr("stroke", "var(--ink)");
  rows.forEach(({figure, share, half}, i) => {
    const y = top + i * line + (narrow ? 26 : line / 2), color = colorOf(figure);
    const room = Math.floor((narrow ? width - 20 : left - 16) / 6.6);
    const words = figure.words.length > room ? figure.words.slice(0, room - 1) + "\u2026" : figure.words;
    svg.append("text").attr("x", narrow ? 4 : left - 10).attr("y", narrow ? y - 11 : y + 4).attr("text-anchor", narrow ? "start" : "end").attr("class", "small").text(words);
    svg.append("path").attr("class", "interval").attr("d", `M${x(share - half)},${y}H${x(share + half)}`).attr("stroke", color).attr("stroke-width", 3);
    svg.append("circle").attr("cx", x(share)).attr("cy", y).attr("r", 5).attr("fill", color);
    svg.append("text").attr("x", width - right + 10).attr("y", y + 4).attr("class", "small").text(percent(share));
  });
}
function drawTable(figures) {
  const most = 300;
  const value = (estimate) => estimate.count === 0 ? "\u2013" : element("data", {value: estimate.mean}, plain(estimate.mean));
  const rows = figures.slice(0, most).map((figure) => element("tr", {},
    element("td", {class: "text", title: figure.metric}, figure.words), element("td", {}, value(figure.a)), element("td", {}, value(figure.b)),
    element("td", {}, value(figure.difference)),
    element("td", {}, figure.difference.count > 0 && figure.difference.half_width !== null ? plain(figure.difference.half_width) : "\u2013"),
    element("td", {}, figure.share === null ? "\u2013" : percent(figure.share)), element("td", {}, figure.tolerance || ""),
    element("td", {class: figure.beyond_tolerance ? "no" : figure.verdict === "better" ? "ok" : null}, figure.verdict)));
  byId("figure-table").replaceChildren(element("div", {class: "scroll"}, element("table", {},
    element("thead", {}, element("tr", {}, ...["Figure", "A", "B", "B \u2212 A", "\u00b1", "Share of A", "Tolerated", "Verdict"].map((title, i) =>
      element("th", {scope: "col", class: i === 0 ? "text" : null}, title)))), element("tbody", {}, ...rows))));
  byId("count").textContent = figures.length > most ? `${most} of ${figures.length}` : `${figures.length} figures`;
}
function draw() {
  const figures = shown();
  drawForest(figures);
  drawTable(figures);
}
byId("which").addEventListener("change", draw);
byId("search").addEventListener("input", draw);
drawHistory();
draw();
let drawnWidth = window.innerWidth, pending = null;
window.addEventListener("resize", () => {
  if (window.innerWidth === drawnWidth) return;
  drawnWidth = window.innerWidth;
  clearTimeout(pending);
  pending = setTimeout(() => drawForest(shown()), 120);
});
