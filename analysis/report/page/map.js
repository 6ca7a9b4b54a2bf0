// The world map that a slider replays, and in words what holds at that moment.
const placed = run.places.filter((place) => place.latitude !== undefined);
const placeOf = new Map();
for (const place of placed) {
  const key = `${place.kind} ${place.name}`;
  if (!placeOf.has(key)) placeOf.set(key, place);
}
const pops = placed.filter((place) => place.kind === "pop");
const regions = placed.filter((place) => place.kind === "region");
// The places that a fault's pattern means: alternatives separated by "|", "*" for anything, of hosts, sites,
// zones, POPs or regions.
function placesMeant(pattern) {
  if (!pattern) return [];
  const alternatives = pattern.replace(/^(site|zone|pop|host):/, "").split("|").map((part) =>
    new RegExp(`^${part.replace(/\/\d+$/, "").replace(/[.+?^${}()[\]\\]/g, "\\$&").replace(/\*/g, ".*")}$`));
  const meant = (name) => alternatives.some((alternative) => alternative.test(name));
  const standing = new Set(Object.entries(run.host_places).filter(([host]) => meant(host)).map(([, place]) => place));
  const found = new Map();
  for (const place of placed) {
    if (meant(place.name) || meant(place.site) || standing.has(place.name)) found.set(place.site, place);
  }
  return [...found.values()];
}
for (const fault of faults) [fault.fromPlaces, fault.toPlaces] = [placesMeant(fault.source), placesMeant(fault.target)];

const latencySteps = [10, 30, 100, 300];  // milliseconds
const latencyColors = ["#1a9850", "#91bf5f", "#e0b73c", "#ef7d3b", "#c9252d"];
const latencyColor = (value) => value === null ? "var(--muted)" : latencyColors[d3.bisectRight(latencySteps, value)];

const popState = pops.map((place) => {
  const subject = `edge ${place.name}`;
  const answered = growth(subject, "answered"), took = growth(subject, "query_us");
  const established = growth(subject, "established"), connectTook = growth(subject, "connect_us");
  const cpu = rate(subject, "cpu_us"), cores = run.cores[subject] ?? 0;
  const open = column(subject, "open");
  return {
    place, open, peak: open ? d3.max(open) : 0,
    answered: rate(subject, "answered"), established: rate(subject, "established"),
    failed: rate(subject, "failed"), lost: rate(subject, "lost"),
    cpu: cpu && cores ? cpu.map((busy) => busy / 1e6 / cores) : null,
    // What clients waited for lately: a statement, or a connection where nothing was asked.
    latency: (row) => answered?.[row] > 0 ? took[row] / answered[row] / 1000
      : established?.[row] > 0 ? connectTook[row] / established[row] / 1000 : null,
  };
});
const largestPeak = Math.max(1, d3.max(popState, (state) => state.peak) ?? 1);

const backhaulArcs = summary.backhauls.map((entry) => {
  const subject = `backhaul ${entry.pop} ${entry.region}`;
  return {
    from: placeOf.get(`pop ${entry.pop}`), to: placeOf.get(`region ${entry.region}`), name: `${entry.pop} \u2013 ${entry.region}`,
    requests: rate(subject, "requests"), ready: column(subject, "ready"), inFlight: column(subject, "in_flight"),
  };
}).filter((arc) => arc.from && arc.to && arc.ready);
const largestRate = Math.max(1, d3.max(backhaulArcs, (arc) => arc.requests ? d3.max(arc.requests) : 0) ?? 1);

const clientArcs = run.arcs.map((arc) => ({
  established: arc.established,
  from: placeOf.get(`clients ${arc.site}`),
  to: placeOf.get(`pop ${arc.server_place}`) ?? placeOf.get(`region ${arc.server_place}`),
  state: popState.find((state) => state.place.name === arc.server_place),
  name: `${arc.site} \u2192 ${arc.server_place}`,
})).filter((arc) => arc.from && arc.to);
const largestArc = Math.max(1, d3.max(clientArcs, (arc) => arc.established) ?? 1);

let shownRow = 0;
const redrawAtRow = [];  // called with the row when the moment changes
const map = {};

function decodeLand() {
  const land = json("land-data");
  const scale = land.units_per_degree;
  return {type: "MultiPolygon", coordinates: land.polygons.map((rings) => rings.map((numbers) => {
    const points = [];
    let x = 0, y = 0;
    for (let at = 0; at < numbers.length; at += 2) {
      x += numbers[at];
      y += numbers[at + 1];
      points.push([x / scale, y / scale]);
    }
    points.push(points[0]);
    return points;
  }))};
}
const land = decodeLand();

const line = (from, to) => ({type: "LineString", coordinates: [[from.longitude, from.latitude], [to.longitude, to.latitude]]});
const apart = (from, to) => d3.geoDistance([from.longitude, from.latitude], [to.longitude, to.latitude]) > 0.003;

function drawMap() {
  const figure = byId("map-figure");
  figure.replaceChildren();
  if (placed.length === 0) {
    figure.append(element("p", {class: "muted"}, "The topology names no coordinates, so there is nothing to put on a map."));
    return;
  }
  const width = widthOf(figure), height = Math.round(Math.max(220, Math.min(width * 0.52, 560)));
  const svg = d3.select(figure).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height)
    .attr("role", "img").attr("aria-label", "World map of the run; the same in words beside it");
  const used = [...popState.filter((state) => state.peak > 0 || popState.length < 40).map((state) => state.place),
    ...regions, ...clientArcs.map((arc) => arc.from)];
  const points = {type: "MultiPoint", coordinates: (used.length ? used : placed).map((place) => [place.longitude, place.latitude])};
  // The view turns so that what is used is in the middle and no used line runs across the edge of the map.
  const longitudes = [...new Set(points.coordinates.map((point) => point[0]))].sort(d3.ascending);
  let gap = 0, turn = 0;
  longitudes.forEach((longitude, i) => {
    const next = i + 1 < longitudes.length ? longitudes[i + 1] : longitudes[0] + 360;
    if (next - longitude > gap) { gap = next - longitude; turn = (longitude + next) / 2 - 180; }
  });
  const projection = d3.geoNaturalEarth1().rotate([longitudes.length > 1 ? -turn : -longitudes[0], 0]);
  const margin = Math.min(60, width / 10);
  const center = d3.geoCentroid(points);
  if (d3.max(points.coordinates, (point) => d3.geoDistance(point, points.coordinates[0])) > 0.15) {
    projection.fitExtent([[margin, margin * 0.7], [width - margin, height - margin * 0.7]], points);
  } else {  // a single place: show its surroundings
    projection.rotate([-center[0], 0]).scale(width / (100 * Math.PI / 180)).center([0, center[1]]).translate([width / 2, height / 2]);
  }
  const whole = d3.geoNaturalEarth1().rotate(projection.rotate()).fitSize([width, height], {type: "Sphere"});
  if (projection.scale() < whole.scale()) projection.scale(whole.scale()).translate(whole.translate());
  const path = d3.geoPath(projection);

  svg.append("rect").attr("width", width).attr("height", height).attr("fill", "var(--sea)").attr("rx", 6);
  const clip = svg.append("clipPath").attr("id", "map-clip").append("rect").attr("width", width).attr("height", height).attr("rx", 6);
  void clip;
  const outer = svg.append("g").attr("clip-path", "url(#map-clip)");
  const world = outer.append("g");
  world.append("path").attr("d", path(land)).attr("fill", "var(--land)");
  const clientLayer = world.append("g").attr("fill", "none").attr("stroke", "var(--c3)");
  const backhaulLayer = world.append("g").attr("fill", "none");
  const faultLayer = world.append("g").attr("fill", "none").attr("stroke", "var(--fault)");
  const placeLayer = world.append("g");
  const labelLayer = world.append("g");

  const xy = (place) => projection([place.longitude, place.latitude]);
  let zoomed = 1;
  const clientLines = clientLayer.selectAll("path").data(clientArcs.filter((arc) => apart(arc.from, arc.to))).join("path")
    .attr("d", (arc) => path(line(arc.from, arc.to))).attr("stroke-dasharray", "1 4").attr("stroke-linecap", "round");
  const backhaulLines = backhaulLayer.selectAll("path").data(backhaulArcs.filter((arc) => apart(arc.from, arc.to))).join("path")
    .attr("d", (arc) => path(line(arc.from, arc.to)))
    .on("pointermove", (arc) => showTip(d3.event, `backhaul ${arc.name}\n${short(arc.requests?.[shownRow] ?? 0)} requests/s\n${grouped(arc.inFlight?.[shownRow] ?? 0)} under way\n${grouped(arc.ready[shownRow])} connections ready`))
    .on("pointerleave", hideTip);

  const sites = new Map();
  for (const arc of clientArcs) sites.set(arc.from.name, arc.from);
  placeLayer.selectAll("path.site").data([...sites.values()]).join("circle").attr("class", "site")
    .attr("cx", (place) => xy(place)[0]).attr("cy", (place) => xy(place)[1]).attr("r", 2.2).attr("fill", "var(--c3)");
  const circles = placeLayer.selectAll("circle.pop").data(popState).join("circle").attr("class", "pop")
    .attr("cx", (state) => xy(state.place)[0]).attr("cy", (state) => xy(state.place)[1]).attr("fill-opacity", 0.75)
    .on("pointermove", (state) => showTip(d3.event, popWords(state, shownRow))).on("pointerleave", hideTip);
  const squares = placeLayer.selectAll("rect").data(regions).join("rect").attr("fill", "none").attr("stroke", "var(--ink)")
    .attr("pointer-events", "all").on("pointermove", (place) => showTip(d3.event, regionWords(place, shownRow))).on("pointerleave", hideTip);

  const wanted = [...regions.map((place) => ({place, weight: 2e12})),
    ...popState.filter((state) => state.peak > 0).map((state) => ({place: state.place, weight: state.peak})),
    ...[...sites.values()].map((place) => ({place, weight: 0.5}))].sort((a, b) => b.weight - a.weight);
  const seen = new Set();
  const names = wanted.filter(({place}) => { const key = place.site; return seen.has(key) ? false : (seen.add(key), true); }).slice(0, 60);
  // Greedy: the most important name first, each on the first free side of its place.
  function placeLabels() {
    const taken = [];
    const shown = [];
    for (const {place} of names) {
      const [x, y] = xy(place);
      const name = labelFor(place), w = (name.length * 6.6 + 4) / zoomed, h = 13 / zoomed, gap = 14 / zoomed;  // beside the largest circle
      for (const [anchor, dx, dy] of [["start", gap, 0], ["end", -gap, 0], ["middle", 0, -gap * 1.2], ["middle", 0, gap * 1.3]]) {
        const left = anchor === "start" ? x + dx : anchor === "end" ? x + dx - w : x - w / 2;
        const box = [left, y + dy - h / 2, left + w, y + dy + h / 2];
        const screen = [box[0] * zoomed + shift[0], box[1] * zoomed + shift[1], box[2] * zoomed + shift[0], box[3] * zoomed + shift[1]];
        const inside = screen[0] >= 2 && screen[1] >= 2 && screen[2] <= width - 2 && screen[3] <= height - 2;
        if (!inside || taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
        taken.push(box);
        shown.push({name, x: x + dx, y: y + dy, anchor});
        break;
      }
    }
    labelLayer.selectAll("text").data(shown).join("text").attr("class", "small halo").attr("text-anchor", (label) => label.anchor)
      .attr("x", (label) => label.x).attr("y", (label) => label.y).attr("dy", "0.35em")
      .style("font-size", `${11 / zoomed}px`).style("stroke-width", `${3 / zoomed}px`).text((label) => label.name);
  }
  let shift = [0, 0];

  function drawRow(row) {
    const showClients = byId("show-clients").checked, showBackhaul = byId("show-backhaul").checked;
    clientLayer.attr("display", showClients ? null : "none");
    backhaulLayer.attr("display", showBackhaul ? null : "none");
    clientLines.attr("stroke-width", (arc) => (1 + 2 * Math.sqrt(arc.established / largestArc)) / zoomed)
      .attr("stroke-opacity", (arc) => !arc.state ? 0.5 : (arc.state.open?.[row] ?? 0) > 0 ? 0.9 : 0.12);
    backhaulLines.attr("stroke", (arc) => arc.ready[row] > 0 ? "var(--c1)" : "var(--c2)")
      .attr("stroke-dasharray", (arc) => arc.ready[row] > 0 ? null : `${4 / zoomed} ${3 / zoomed}`)
      .attr("stroke-opacity", (arc) => arc.ready[row] > 0 ? ((arc.requests?.[row] ?? 0) > 0 ? 0.85 : popState.length > 60 ? 0.07 : 0.25) : 0.9)
      .attr("stroke-width", (arc) => (0.8 + 5 * Math.sqrt((arc.requests?.[row] ?? 0) / largestRate)) / zoomed);
    circles.attr("r", (state) => (2.5 + 17 * Math.sqrt((state.open?.[row] ?? 0) / largestPeak)) / zoomed)
      .attr("fill", (state) => (state.open?.[row] ?? 0) > 0 || state.answered?.[row] > 0 ? latencyColor(state.latency(row)) : "var(--muted)")
      .attr("stroke", (state) => (state.cpu?.[row] ?? 0) > 0.8 ? "var(--c2)" : "var(--paper)")
      .attr("stroke-width", (state) => ((state.cpu?.[row] ?? 0) > 0.8 ? 3 : 1) / zoomed);
    const half = 6 / zoomed;
    squares.attr("x", (place) => xy(place)[0] - half).attr("y", (place) => xy(place)[1] - half).attr("width", 2 * half).attr("height", 2 * half)
      .attr("stroke-width", 1.6 / zoomed);
    const time = rowEnds[row];
    const active = faults.filter((fault) => fault.from <= time && time < fault.to);
    const cross = (place) => {
      const [x, y] = xy(place), r = 11 / zoomed;
      return `M${x - r},${y - r}L${x + r},${y + r}M${x + r},${y - r}L${x - r},${y + r}`;
    };
    const crosses = active.flatMap((fault) => {
      const pairs = d3.cross(fault.fromPlaces, fault.toPlaces).filter(([from, to]) => apart(from, to)).slice(0, 60);
      return pairs.length > 0 ? pairs.map(([from, to]) => path(line(from, to)))
        : (fault.fromPlaces.length > 0 ? fault.fromPlaces : fault.toPlaces).slice(0, 60).map(cross);
    });
    faultLayer.selectAll("path").data(crosses).join("path").attr("d", (shape) => shape)
      .attr("stroke-width", 3 / zoomed).attr("stroke-dasharray", `${6 / zoomed} ${3 / zoomed}`);
  }
  map.draw = drawRow;
  const zoom = d3.zoom().scaleExtent([1, 24]).filter(() => !d3.event.button && (d3.event.type !== "wheel" || d3.event.ctrlKey || zoomed > 1))
    .on("zoom", () => {
      const {k, x, y} = d3.event.transform;
      zoomed = k;
      shift = [x, y];
      world.attr("transform", d3.event.transform);
      placeLabels();
      drawRow(shownRow);
    });
  svg.call(zoom).style("touch-action", "pan-y");
  map.zoomBy = (factor) => svg.call(zoom.scaleBy, factor);
  map.reset = () => svg.call(zoom.transform, d3.zoomIdentity);
  placeLabels();
  drawRow(shownRow);
}

const labelFor = (place) => place.kind === "clients" || place.name === place.site ? place.name : place.name;
function popWords(state, row) {
  const latency = state.latency(row);
  return `POP ${state.place.name}${state.place.city ? ` (${state.place.city})` : ""}\n${grouped(state.open?.[row] ?? 0)} sessions open\n` +
    `${short(state.answered?.[row] ?? 0)} statements/s${latency === null ? "" : `, ${milliseconds(latency)} on average`}\n` +
    `${short(state.established?.[row] ?? 0)} connects/s${state.cpu ? `\nCPU ${percent(state.cpu[row])}` : ""}`;
}
function regionWords(place, row) {
  const origin = `origin ${place.name}`;
  const cores = run.cores[origin] ?? 0;
  const busy = rate(origin, "cpu_us")?.[row];
  const requests = d3.sum(backhaulArcs.filter((arc) => arc.to === place), (arc) => arc.requests?.[row] ?? 0);
  return `cluster ${place.name}${place.city ? ` (${place.city})` : ""}\n${short(requests)} requests/s\n` +
    `${grouped(column(origin, "pool_busy")?.[row] ?? 0)} database connections busy, ${grouped(column(origin, "pool_waiting")?.[row] ?? 0)} requests waiting` +
    (busy !== undefined && cores ? `\nCPU ${percent(busy / 1e6 / cores)}` : "");
}

function drawLegend() {
  const swatch = (color, text) => element("span", {}, element("i", {style: `background:${color}`}), text);
  const steps = latencySteps.map((step, i) => swatch(latencyColors[i], `${i === 0 ? "under" : `${latencySteps[i - 1]} to`} ${step} ms`));
  byId("map-legend").append(element("span", {}, "Circle: POP, its size the sessions open, its color what clients waited:"), ...steps,
    swatch(latencyColors[4], `over ${latencySteps[3]} ms`), element("span", {}, "Square: cluster."),
    swatch("var(--c1)", "backhaul, wider with load"), swatch("var(--c3)", "clients"), swatch("var(--fault)", "fault, or backhaul down"));
}

const runSeries = {
  open: column("", "open"), established: rate("", "established"), failed: rate("", "failed"), lost: rate("", "lost"),
  answered: rate("", "queries_answered"), queriesFailed: rate("", "queries_failed"),
};
const connectLatency = latencyRows("connect"), queryLatency = latencyRows("query");
const connectShares = percentiles(connectLatency, [0.5, 0.99, 1]), queryShares = percentiles(queryLatency, [0.5, 0.99, 1]);

const notable = [
  ...happenings.filter((event) => !["fault_started", "fault_healed"].includes(event.kind) &&
    (event.time > 0 || !["backhaul_up", "store_committed", "watch_resumed"].includes(event.kind))),
  ...faults.filter((fault) => fault.from <= runSpan[1]).map((fault) => ({time: fault.from, host: "fault begins:", words: fault.label})),
  ...faults.filter((fault) => fault.to <= runSpan[1]).map((fault) => ({time: fault.to, host: "fault ends:", words: fault.label})),
].sort((one, other) => one.time - other.time);
function drawNow(row) {
  const time = rowEnds[row];
  const value = (values) => values ? values[row] : 0;
  const lines = [
    ["open", grouped(value(runSeries.open))],
    ["connects/s", short(value(runSeries.established))],
    ["failed, lost /s", `${short(value(runSeries.failed))}, ${short(value(runSeries.lost))}`],
    ["statements/s", short(value(runSeries.answered))],
    ["connect p50, p99", `${milliseconds(connectShares[0][row])}, ${milliseconds(connectShares[1][row])}`],
    ["statement p50, p99", `${milliseconds(queryShares[0][row])}, ${milliseconds(queryShares[1][row])}`],
    ["faults", faults.filter((fault) => fault.from <= time && time < fault.to).map((fault) => fault.label).join(", ") || "none"],
  ];
  byId("now").replaceChildren(element("table", {}, element("tbody", {}, ...lines.map(([name, text]) =>
    element("tr", {}, element("th", {scope: "row", class: "text"}, name), element("td", {class: name === "faults" ? "wrap" : undefined}, text))))));
  const until = d3.bisectRight(notable.map((event) => event.time), time);
  byId("lately").replaceChildren(...notable.slice(Math.max(0, until - 14), until).reverse().map((event) =>
    element("li", {}, element("time", {}, moment(event.time, 2)), `${event.host === "(world)" ? "" : event.host} ${event.words}`)));
  if (until === 0) byId("lately").append(element("li", {class: "muted"}, "Nothing yet."));
}

function goToRow(row) {
  shownRow = Math.max(0, Math.min(rows - 1, Math.round(row)));
  const slider = byId("time");
  slider.value = shownRow;
  slider.setAttribute("aria-valuetext", moment(rowEnds[shownRow]));
  byId("moment").textContent = moment(rowEnds[shownRow]);
  map.draw?.(shownRow);
  drawNow(shownRow);
  for (const redraw of redrawAtRow) redraw(shownRow);
}

function setUpReplay() {
  const slider = byId("time"), play = byId("play"), speed = byId("speed");
  slider.max = Math.max(0, rows - 1);
  slider.addEventListener("input", () => { stop(); goToRow(+slider.value); });
  const length = runSpan[1] - runSpan[0];
  const speeds = [0.1, 0.25, 1, 2, 5, 10, 30, 60, 300];
  const fitting = speeds.find((times) => length / times <= 25) ?? 300;
  speed.append(...speeds.map((times) => element("option", {value: times, selected: times === fitting}, `${times}\u00d7`)));
  let timer = null;
  function stop() {
    if (timer) timer.stop();
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }
  play.addEventListener("click", () => {
    if (timer) return stop();
    const from = shownRow >= rows - 1 ? runSpan[0] : rowEnds[shownRow];
    let last = 0, time = from;
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = d3.timer((elapsed) => {
      time += (elapsed - last) / 1000 * +speed.value;
      last = elapsed;
      const row = rowAt(time);
      if (row !== shownRow) goToRow(row);
      if (time >= runSpan[1]) stop();
    });
  });
  byId("show-clients").addEventListener("change", () => goToRow(shownRow));
  byId("show-backhaul").addEventListener("change", () => goToRow(shownRow));
  byId("map-in").addEventListener("click", () => map.zoomBy?.(1.6));
  byId("map-out").addEventListener("click", () => map.zoomBy?.(1 / 1.6));
  byId("map-all").addEventListener("click", () => map.reset?.());
}
