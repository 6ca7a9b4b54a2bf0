// Charts over time with one zoom for all, the faults marked on each, and the replay's moment.
let zoomSpan = [...runSpan];
const panels = [];

function sumOf(list) {
  const present = list.filter((values) => values);
  if (present.length === 0) return null;
  return d3.range(rows).map((row) => d3.sum(present, (values) => values[row]));
}
const anything = (values) => values && values.some((value) => value > 0);

// The five busiest of many, by name.
function busiest(entries, count = 5) {
  return entries.filter((entry) => anything(entry.values)).map((entry) => ({...entry, peak: d3.max(entry.values)}))
    .sort((one, other) => other.peak - one.peak).slice(0, count);
}
function cpuSeries(role) {
  const places = Object.keys(run.cores).filter((subject) => subject.startsWith(role + " "));
  return places.map((subject) => ({
    label: subject, values: rate(subject, "cpu_us")?.map((busy) => busy / 1e6 / run.cores[subject]) ?? null}));
}

// The store's revision, and what the slowest and the fastest edge had seen of it.
function revisionSeries() {
  const committed = happenings.filter((event) => event.kind === "store_committed" && event.host.startsWith("store."));
  const commits = committed.length ? committed : happenings.filter((event) => event.kind === "store_committed");
  const perHost = new Map();
  const head = new Array(rows).fill(null), least = new Array(rows).fill(null), most = new Array(rows).fill(null);
  const seen = happenings.filter((event) => event.kind === "route_visible" || event.kind === "route_removed" ||
    (event.kind === "watch_resumed" && event.host.startsWith("edge")));
  let commit = 0, watch = 0, revision = null;
  for (let row = 0; row < rows; row++) {
    while (commit < commits.length && commits[commit].time <= rowEnds[row]) revision = Math.max(revision ?? 0, commits[commit++].subject);
    while (watch < seen.length && seen[watch].time <= rowEnds[row]) {
      const event = seen[watch++];
      const reached = event.kind === "watch_resumed" ? event.subject : event.a;
      perHost.set(event.host, Math.max(perHost.get(event.host) ?? 0, reached));
    }
    head[row] = revision;
    if (perHost.size > 0) [least[row], most[row]] = d3.extent(perHost.values());
  }
  return [{label: "store", values: head, color: colors[0]}, {label: "fastest edge", values: most, color: colors[2]},
    {label: "slowest edge", values: least, color: colors[1]}];
}

function describePanels() {
  const causes = Object.keys(metric(["connections", "failed_by_cause"]) ?? {});
  const errors = [
    ...causes.map((cause) => ({label: cause.replaceAll("_", " "), values: rate("failures", cause)})),
    {label: "connections lost", values: runSeries.lost},
    {label: "statements failed", values: runSeries.queriesFailed},
    {label: "SYN dropped", values: rate("events", "syn_dropped")},
    {label: "logins refused", values: rate("events", "session_refused")},
    {label: "refused for memory", values: rate("events", "memory_limit")},
    {label: "refused for descriptors", values: rate("events", "descriptor_limit")},
  ];
  const routing = [
    {label: "heads changed", values: growth("events", "head_changed")},
    {label: "region states changed", values: growth("events", "region_state")},
    {label: "backhaul lost", values: growth("events", "backhaul_down")},
    {label: "backhaul up", values: growth("events", "backhaul_up")},
  ];
  const inFlight = busiest(backhaulArcs.map((arc) => ({label: arc.name, values: arc.inFlight})));
  const requests = busiest(regions.map((place) => ({
    label: place.name, values: sumOf(summary.backhauls.filter((entry) => entry.region === place.name)
      .map((entry) => rate(`backhaul ${entry.pop} ${entry.region}`, "requests")))})));
  return [
    {title: "Connections open", series: [{label: "open", values: runSeries.open}], area: true},
    {title: "Connections per second", series: [{label: "established", values: runSeries.established}, {label: "failed", values: runSeries.failed},
      {label: "lost", values: runSeries.lost}]},
    {title: "Statements per second", series: [{label: "answered", values: runSeries.answered}, {label: "failed", values: runSeries.queriesFailed}]},
    {title: "Connect latency", log: true, show: milliseconds, series: [
      {label: "p50", values: connectShares[0], color: colors[0]}, {label: "p99", values: connectShares[1], color: colors[4]},
      {label: "max", values: connectShares[2], color: colors[1], thin: true}]},
    {title: "Statement latency", log: true, show: milliseconds, series: [
      {label: "p50", values: queryShares[0], color: colors[0]}, {label: "p99", values: queryShares[1], color: colors[4]},
      {label: "max", values: queryShares[2], color: colors[1], thin: true}]},
    {title: "Errors per second", series: busiest(errors, 7), empty: "No error in the whole run."},
    {title: "Routing: re-sorts and what caused them, per row", bars: true, series: routing.filter((entry) => anything(entry.values))},
    {title: "Requests per second, by cluster", series: requests},
    {title: "Requests under way on the busiest backhauls", series: inFlight, empty: "Never any at the end of a row."},
    {title: "Store revision against watchers", level: true, series: revisionSeries().filter((entry) => entry.values.some((value) => value !== null))},
    {title: "CPU of edges", share: true, show: percent, series: busiest(cpuSeries("edge"))},
    {title: "CPU of origins and databases", share: true, show: percent, series: busiest([...cpuSeries("origin"), ...cpuSeries("database")])},
  ];
}

function drawTimelines() {
  const place = byId("panels");
  place.replaceChildren();
  panels.length = 0;
  for (const description of describePanels()) {
    const series = description.series.filter((entry) => entry.values).map((entry, i) => ({color: colors[i % colors.length], ...entry}));
    const show = description.show ?? short;
    const peak = d3.max(series, (entry) => d3.max(entry.values)) ?? null;
    const chart = element("figure", {}), legend = element("div", {class: "legend"});
    const box = element("div", {class: "panel"}, element("h3", {}, description.title), legend, chart);
    place.append(box);
    if (series.length === 0) {
      chart.append(element("p", {class: "muted"}, description.empty ?? "Nothing happened."));
      continue;
    }
    panels.push({description, series, show, peak, chart, legend});
  }
  panels.forEach(drawPanel);
  drawFaultList();
}

function drawFaultList() {
  byId("fault-list").replaceChildren(...faults.map((fault) => element("span", {}, element("i", {style: "background:var(--fault);opacity:.5"}),
    `${fault.label}: ${moment(fault.from, 1)} ${fault.to === Infinity ? "to the end" : `to ${moment(fault.to, 1)}`}`)));
}

const panelMargin = {top: 8, right: 20, bottom: 20, left: 54};
function drawPanel(panel) {
  const {description, series, show, chart, peak} = panel;
  chart.replaceChildren();
  const width = widthOf(chart), height = 150, {top, right, bottom, left} = panelMargin;
  const x = d3.scaleLinear(zoomSpan, [left, width - right]);
  const [first, last] = [Math.max(0, rowAt(zoomSpan[0]) - 1), Math.min(rows - 1, rowAt(zoomSpan[1]) + 1)];
  const visible = series.map((entry) => d3.range(first, last + 1).map((row) => [rowEnds[row], entry.values[row]]));
  const values = visible.flat().map((point) => point[1]).filter((value) => value !== null);
  let y;
  if (description.log) {
    const low = Math.max(1e-3, d3.min(values.filter((value) => value > 0)) ?? 1), high = d3.max(values) ?? 10;
    y = d3.scaleLog([low / 1.3, Math.max(high * 1.3, low * 2)], [height - bottom, top]);
  } else if (description.level) {
    const [low, high] = d3.extent(values);
    y = d3.scaleLinear([Math.max(0, (low ?? 0) - 1), (high ?? 1) + 1], [height - bottom, top]).nice(4);
  } else {
    y = d3.scaleLinear([0, d3.max(values) || 1], [height - bottom, top]).nice(4);
  }
  const peakRow = d3.scan(series[0].values, (one, other) => (other ?? -1) - (one ?? -1));
  const svg = d3.select(chart).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height)
    .attr("role", "img").attr("aria-label", `${description.title}: ` + series.map((entry) => {
      const most = d3.max(entry.values);
      return `${entry.label} at most ${show(most ?? null)}`;
    }).join(", ") + (peakRow === undefined ? "" : `, the peak at ${moment(rowEnds[peakRow])}`));
  const clipId = `clip-${panels.indexOf(panel)}`;
  svg.append("clipPath").attr("id", clipId).append("rect").attr("x", left).attr("y", 0).attr("width", Math.max(0, width - left - right)).attr("height", height);
  const clock = clockTicks(zoomSpan, Math.max(3, Math.floor(width / 80)));
  const ticks = description.log ? logTicks(y.domain()) : y.ticks(4).filter((tick) => !description.level || Number.isInteger(tick));
  svg.append("g").attr("class", "grid").attr("transform", `translate(${left},0)`)
    .call(d3.axisLeft(y).tickValues(ticks).tickSize(-(width - left - right)).tickFormat(""));
  const body = svg.append("g").attr("clip-path", `url(#${clipId})`);
  body.selectAll("rect.fault").data(faults).join("rect").attr("class", "fault").attr("y", top).attr("height", height - top - bottom)
    .attr("x", (fault) => x(fault.from)).attr("width", (fault) => Math.max(1.5, x(Math.min(fault.to, runSpan[1])) - x(fault.from)))
    .attr("fill", "var(--fault)").attr("fill-opacity", 0.16);
  body.selectAll("line.fault").data(faults).join("line").attr("class", "fault").attr("y1", top).attr("y2", height - bottom)
    .attr("x1", (fault) => x(fault.from)).attr("x2", (fault) => x(fault.from)).attr("stroke", "var(--fault)").attr("stroke-width", 1.5);
  // The first series comes last, on top.
  d3.range(visible.length - 1, -1, -1).forEach((i) => {
    const points = visible[i], entry = series[i];
    if (description.bars) {
      const step = Math.max(1.5, Math.min(14, (x(rowEnds[1] ?? 1) - x(rowEnds[0])) * 0.8 / series.length));
      body.append("g").attr("fill", entry.color).selectAll("rect").data(points.filter((point) => point[1] > 0)).join("rect")
        .attr("x", (point) => x(point[0]) - step * (series.length / 2 - i)).attr("width", step)
        .attr("y", (point) => y(point[1])).attr("height", (point) => y(0) - y(point[1]));
      return;
    }
    const defined = (point) => point[1] !== null && (!description.log || point[1] > 0);
    if (description.area) {
      body.append("path").attr("fill", entry.color).attr("fill-opacity", 0.18)
        .attr("d", d3.area().x((point) => x(point[0])).y0(y(0)).y1((point) => y(point[1]))(points));
    }
    const curve = description.level ? d3.curveStepAfter : d3.curveLinear;
    body.append("path").attr("fill", "none").attr("stroke", entry.color).attr("stroke-width", entry.thin ? 1 : 1.6).attr("stroke-linejoin", "round")
      .attr("d", d3.line().defined(defined).curve(curve).x((point) => x(point[0])).y((point) => y(point[1]))(points));
    // A line shows nothing of a point that stands alone.
    body.append("g").attr("fill", entry.color).selectAll("circle")
      .data(points.filter((point, at) => defined(point) && !(at > 0 && defined(points[at - 1])) && !(at + 1 < points.length && defined(points[at + 1]))))
      .join("circle").attr("cx", (point) => x(point[0])).attr("cy", (point) => y(point[1])).attr("r", 1.8);
  });
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - bottom})`)
    .call(d3.axisBottom(x).tickValues(clock.ticks).tickFormat((time) => moment(time, clock.step >= 1 ? 0 : clock.step >= 0.1 ? 1 : 2)));
  svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`)
    .call(d3.axisLeft(y).tickValues(ticks).tickFormat((value) => description.log ? tickDuration(value) : description.share ? d3.format(peak >= 0.05 ? ".0%" : peak >= 0.005 ? ".1%" : ".2%")(value) : tick(value)).tickSize(0))
    .call((axis) => axis.select(".domain").remove());
  const cursor = svg.append("line").attr("y1", top).attr("y2", height - bottom).attr("stroke", "var(--ink)").attr("stroke-opacity", 0.7);
  const hover = svg.append("line").attr("y1", top).attr("y2", height - bottom).attr("stroke", "var(--muted)").attr("stroke-dasharray", "3 3").attr("visibility", "hidden");
  const brush = d3.brushX().extent([[left, top], [width - right, height - bottom]]).on("end", () => {
    if (!d3.event.sourceEvent) return;
    if (!d3.event.selection) {  // a click
      const at = d3.mouse(svg.node())[0];
      goToRow(rowAt(x.invert(at)));
      return;
    }
    const span = d3.event.selection.map(x.invert);
    svg.select(".brush").call(brush.move, null);
    setZoom(span);
  });
  svg.append("g").attr("class", "brush").call(brush).on("pointermove.hover", () => hoverAt(x.invert(d3.mouse(svg.node())[0])))
    .on("pointerleave.hover", () => hoverAt(null));
  panel.hover = (time) => {
    hover.attr("visibility", time === null ? "hidden" : "visible");
    if (time !== null) hover.attr("x1", x(time)).attr("x2", x(time));
    fillLegend(panel, time === null ? shownRow : rowAt(time));
  };
  panel.mark = (row) => {
    const at = x(rowEnds[row]);
    cursor.attr("x1", at).attr("x2", at).attr("visibility", at < left || at > width - right ? "hidden" : "visible");
    fillLegend(panel, row);
  };
  panel.mark(shownRow);
}
const tickDuration = (value) => value >= 1000 ? `${+(value / 1000).toPrecision(3)} s` : value < 0.1 ? `${+(value * 1000).toPrecision(3)} \u00b5s` : `${+value.toPrecision(3)} ms`;
function logTicks([low, high]) {
  const all = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).flatMap((exponent) => [1, 2, 5].map((digit) => digit * 10 ** exponent))
    .filter((value) => value >= low && value <= high);
  if (all.length < 2) return d3.ticks(low, high, 4);
  return all.length <= 5 ? all : all.filter((value) => /^1/.test(value.toExponential()));
}

function fillLegend(panel, row) {
  panel.legend.replaceChildren(...panel.series.map((entry) => element("span", {},
    element("i", {style: `background:${entry.color}`}), `${entry.label} `, element("b", {}, entry.values[row] === null ? "\u2013" : panel.show(entry.values[row])))));
}
function hoverAt(time) { for (const panel of panels) panel.hover(time); }
function setZoom([from, to]) {
  const least = Math.max(interval * 4, 1e-3), length = runSpan[1] - runSpan[0];
  const span = Math.min(length, Math.max(to - from, least));
  const start = Math.max(runSpan[0], Math.min((from + to - span) / 2, runSpan[1] - span));
  zoomSpan = [start, start + span];
  byId("zoom-range").textContent = span >= length ? "" : `${moment(zoomSpan[0], 1)} to ${moment(zoomSpan[1], 1)}`;
  panels.forEach(drawPanel);
}
function setUpZoom() {
  const scale = (factor) => { const middle = (zoomSpan[0] + zoomSpan[1]) / 2, half = (zoomSpan[1] - zoomSpan[0]) / 2 * factor; setZoom([middle - half, middle + half]); };
  const move = (share) => { const by = (zoomSpan[1] - zoomSpan[0]) * share; setZoom([zoomSpan[0] + by, zoomSpan[1] + by]); };
  byId("zoom-in").addEventListener("click", () => scale(0.5));
  byId("zoom-out").addEventListener("click", () => scale(2));
  byId("zoom-left").addEventListener("click", () => move(-0.4));
  byId("zoom-right").addEventListener("click", () => move(0.4));
  byId("zoom-all").addEventListener("click", () => setZoom(runSpan));
  redrawAtRow.push((row) => { for (const panel of panels) panel.mark(row); });
}
