// How latencies are distributed: the share of samples at or below each duration, with the tail drawn out.
const latencyKinds = [["connect", "First attempt to session", "connect_latency_ms"], ["query", "Statement to answer", "query_latency_ms"],
  ["first_answer", "First attempt to first answer", "first_answer_latency_ms"]];

function drawLatencyTable() {
  const lines = latencyKinds.filter(([, , path]) => metric([path, "count"]) > 0);
  if (lines.length === 0) { byId("latency-table").append(element("p", {class: "muted"}, "Nothing was measured.")); return; }
  const show = (share) => ({label: share.replace("p999", "p99.9"), value: (entry) => metric([entry[2], share]), show: (v, entry) => figure([entry[2], share], milliseconds)});
  byId("latency-table").append(table("", [
    {label: "", value: (entry) => entry[1], text: true},
    {label: "Count", value: (entry) => metric([entry[2], "count"]), show: (v, entry) => figure([entry[2], "count"], grouped)},
    ...["min", "mean", "p50", "p90", "p99", "p999", "max"].map(show),
  ], lines, {label: "Latency percentiles"}));
}

// Every tenfold rarer share takes the same height: 90 %, 99 %, 99.9 %.
const nines = (share) => -Math.log10(Math.max(1 - share, 1e-6));
function drawCurves() {
  const place = byId("curves");
  place.replaceChildren();
  for (const [name, title] of latencyKinds) {
    const groups = run.distributions.filter((entry) => entry[name].length > 0).slice(0, colors.length);
    if (groups.length === 0) continue;
    const chart = element("figure", {});
    place.append(element("div", {class: "panel"}, element("h3", {}, title),
      element("div", {class: "legend"}, ...groups.map((entry, i) => element("span", {}, element("i", {style: `background:${colors[i]}`}), entry.group))), chart));
    const curves = groups.map((entry) => {
      const total = d3.sum(entry[name], (point) => point[1]);
      let seen = 0;
      return entry[name].map(([value, count]) => { seen += count; return [value, (seen - count) / total, seen / total, total]; });
    });
    const width = widthOf(chart), height = 230, left = 56, right = 14, top = 8, bottom = 34;
    const all = curves.flat().map((point) => point[0]);
    const low = Math.max(1e-3, d3.min(all)), high = d3.max(all);
    const x = d3.scaleLog([low / 1.15, Math.max(high * 1.15, low * 1.5)], [left, width - right]);
    const most = Math.max(1, Math.min(5, d3.max(curves, (curve) => Math.log10(curve[0][3]))));
    const y = d3.scaleLinear([0, most], [height - bottom, top]).clamp(true);
    const svg = d3.select(chart).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height).attr("role", "img")
      .attr("aria-label", `${title}: share of samples by duration, from ${milliseconds(low)} to ${milliseconds(high)}`);
    const shares = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999].filter((share) => nines(share) <= most);
    svg.append("g").attr("class", "grid").attr("transform", `translate(${left},0)`).call(d3.axisLeft(y).tickValues(shares.map(nines)).tickSize(-(width - left - right)).tickFormat(""));
    const ticks = logTicks(x.domain());
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - bottom})`)
      .call(d3.axisBottom(x).tickValues(ticks.length > 1 ? ticks : x.ticks(3)).tickFormat((value) => +value.toPrecision(3)));
    svg.append("text").attr("class", "small faint").attr("x", width - right).attr("y", height - 4).attr("text-anchor", "end").text("milliseconds");
    svg.append("g").attr("class", "axis").attr("transform", `translate(${left},0)`)
      .call(d3.axisLeft(y).tickValues(shares.map(nines)).tickFormat((value, i) => `${+(shares[i] * 100).toFixed(4)} %`).tickSize(0)).call((axis) => axis.select(".domain").remove());
    curves.forEach((curve, i) => {
      const points = curve.flatMap(([value, before, after]) => [[value, before], [value, after]]);
      svg.append("path").attr("fill", "none").attr("stroke", colors[i]).attr("stroke-width", 1.8)
        .attr("d", d3.line().x((point) => x(point[0])).y((point) => y(nines(point[1])))(points));
    });
  }
}
