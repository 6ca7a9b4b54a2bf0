// Single connections: the slowest, some ordinary ones, the failed and the lost, each step by step.
const kinds = [["slow", "Slowest to connect"], ["failed", "Failed"], ["lost", "Lost while open"], ["ordinary", "Ordinary, drawn by lot"]];
const samples = run.samples.map((sample) => ({...sample, id: `${sample.client}#${sample.number}`, took: (sample.ended_ns - (sample.steps.wanted_ns || sample.ended_ns)) / 1e6}));
let chosenSample = null;

function stepsOf(sample) {
  const at = sample.steps, steps = [];
  const add = (label, from, to, color, note) => { if (from > 0 && to >= from) steps.push({label, from, to, color, note}); };
  if (sample.why === "lost") return steps;
  const failed = sample.why === "failed";
  const end = sample.ended_ns;
  if (at.attempted_ns) add(at.tries > 1 ? `${at.tries - 1} earlier attempt${at.tries > 2 ? "s" : ""}, name` : "DNS", at.wanted_ns, at.attempted_ns, colors[6], "resolving the endpoint's name");
  const reached = [["TCP", at.attempted_ns, at.connected_ns, colors[0], "SYN, SYN-ACK; waits for a place in the backlog"],
    ["Greeting", at.connected_ns, at.greeted_ns, colors[5], "the server's first packet"],
    ["TLS", at.greeted_ns, at.secured_ns, colors[2], "handshake of the version the client asked for"]];
  let last = at.attempted_ns || at.wanted_ns;
  for (const [label, from, to, color, note] of reached) {
    if (to) { add(label, from, to, color, note); last = to; }
  }
  if (failed) {
    add(`until given up: ${sample.words || sample.cause.replaceAll("_", " ")}`, last, end, colors[1], "");
  } else if (sample.granted_ns) {
    add("Proof, at the origin", last, sample.granted_ns, colors[4], "to the edge, over the backhaul to the origin, and back with the grant");
    add("OK to the client", sample.granted_ns, end, colors[3], "from the edge");
  } else {
    add("Login", last, end, colors[4], "proof and verdict");
  }
  if (sample.query_sent_ns && sample.query_ended_ns) {
    add(sample.query_failed ? "First statement, failed" : "First statement", sample.query_sent_ns, sample.query_ended_ns, sample.query_failed ? colors[1] : colors[0], "to the edge, its first cluster, the database, and back");
  }
  return steps;
}

function drawWaterfall(sample) {
  const place = byId("waterfall");
  place.replaceChildren();
  if (!sample) return;
  place.append(element("h3", {}, sample.id));
  const to = sample.server ? ` to ${sample.server}` : "";
  const told = {
    slow: `One of the slowest: ${milliseconds(sample.took)} from the first attempt to the session${to}, wanted at ${moment(since(sample.steps.wanted_ns), 3)}.`,
    ordinary: `Drawn by lot: ${milliseconds(sample.took)} from the first attempt to the session${to}, wanted at ${moment(since(sample.steps.wanted_ns), 3)}.`,
    failed: `Given up at ${moment(since(sample.ended_ns), 3)} after ${sample.steps.tries} attempt${sample.steps.tries === 1 ? "" : "s"}${to}: ${sample.words || sample.cause.replaceAll("_", " ")}${sample.error ? ` (MySQL error ${sample.error})` : ""}.`,
    lost: `Broke at ${moment(since(sample.ended_ns), 3)}${to}: ${sample.words}.`,
  }[sample.why];
  place.append(element("p", {}, told));
  const steps = stepsOf(sample);
  if (steps.length > 0) {
    // What lies between the session and its first statement may be minutes: it is left out.
    const connectEnds = sample.ended_ns, width = widthOf(place), labelWidth = Math.min(210, width * 0.42), rowHeight = 26;
    const queryStart = sample.query_sent_ns || connectEnds;
    const cut = Math.max(0, queryStart - connectEnds);
    const begin = steps[0].from;
    const position = (time) => (time - begin - (time >= queryStart ? cut : 0)) / 1e6;
    const total = d3.max(steps, (step) => position(step.to));
    const x = d3.scaleLinear([0, total || 1], [labelWidth + 6, width - 58]);
    const height = steps.length * rowHeight + 26;
    const svg = d3.select(place).append("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("height", height)
      .attr("role", "img").attr("aria-label", steps.map((step) => `${step.label} ${milliseconds((step.to - step.from) / 1e6)}`).join(", "));
    const group = svg.selectAll("g.step").data(steps).join("g").attr("class", "step").attr("transform", (step, i) => `translate(0,${i * rowHeight})`);
    group.append("text").attr("x", 0).attr("y", rowHeight / 2).attr("dy", "0.35em").text((step) => clipped(step.label, labelWidth));
    group.append("rect").attr("x", (step) => x(position(step.from))).attr("y", 5).attr("height", rowHeight - 10).attr("rx", 2)
      .attr("width", (step) => Math.max(1.5, x(position(step.from) + (step.to - step.from) / 1e6) - x(position(step.from)))).attr("fill", (step) => step.color);
    group.append("text").attr("class", "small faint").attr("y", rowHeight / 2).attr("dy", "0.35em")
      .attr("x", (step) => x(position(step.from) + (step.to - step.from) / 1e6) + 4).text((step) => milliseconds((step.to - step.from) / 1e6));
    group.append("title").text((step) => `${step.label}: ${step.note}`);
    svg.append("g").attr("class", "axis").attr("transform", `translate(0,${steps.length * rowHeight})`)
      .call(d3.axisBottom(x).ticks(Math.max(2, Math.floor((width - labelWidth) / 90))).tickFormat((value) => milliseconds(value)));
    if (cut > 1e6) place.append(element("p", {class: "muted"}, `${moment(cut / 1e9, 1)} without a statement are left out before the last step.`));
  }
  place.append(element("p", {class: "muted"}, "The whole story, from the replayed run: ", element("code", {}, `wanlab explain ${run.folder} --connection '${sample.id}'`)));
}
const clipped = (text, width) => text.length * 6.6 <= width ? text : `${text.slice(0, Math.max(4, Math.floor(width / 6.6) - 1))}\u2026`;

function choose(sample) {
  chosenSample = sample;
  for (const line of document.querySelectorAll("#sample-list tr[data-id]")) {
    line.classList.toggle("chosen", sample !== null && line.dataset.id === sample.id);
  }
  drawWaterfall(sample);
}

function drawSamples() {
  const select = byId("sample-kind");
  for (const [kind, label] of kinds) {
    const count = samples.filter((sample) => sample.why === kind).length;
    if (count > 0) select.append(element("option", {value: kind}, `${label} (${count})`));
  }
  byId("samples-note").textContent = samples.length === 0 ? "No client ever tried to connect."
    : `${new Set(samples.map((sample) => sample.id)).size} of ${grouped(metric(["connections", "attempted"]))} connections were kept with their steps: the slowest, and of each way to fail and of the ordinary ones a fair choice. Click one for its steps.`;
  const list = () => {
    const shown = samples.filter((sample) => sample.why === select.value);
    const byTook = select.value === "slow" || select.value === "ordinary";
    shown.sort((one, other) => byTook ? other.took - one.took : one.ended_ns - other.ended_ns);
    byId("sample-list").replaceChildren(shown.length === 0 ? "" : table("", [
      {label: "Connection", value: (sample) => sample.id, text: true, show: (id, sample) => element("button", {type: "button", onclick: () => choose(sample)}, id)},
      {label: "Server", value: (sample) => sample.server || "none", text: true, second: true},
      {label: byTook ? "Wanted" : "Ended", value: (sample) => byTook ? sample.steps.wanted_ns : sample.ended_ns, show: (at) => moment(since(at), 3)},
      byTook ? {label: "Took", value: (sample) => sample.took, show: milliseconds}
        : {label: "Why", value: (sample) => sample.words || sample.cause.replaceAll("_", " "), text: true},
      {label: "Tries", value: (sample) => sample.steps.tries, second: true},
    ], shown, {label: "Connections", attributes: (sample) => ({"data-id": sample.id})}));
    choose(shown[0] ?? null);
  };
  select.addEventListener("change", list);
  if (samples.length > 0) list();
  else select.closest("label").hidden = true;

  if (run.slow_statements.length > 0) {
    byId("slow-statements").append(element("h3", {}, "Slowest statements"), table("", [
      {label: "Connection", value: (slow) => `${slow.client}#${slow.connection}`, text: true},
      {label: "Statement", value: (slow) => slow.statement, show: grouped},
      {label: "Server", value: (slow) => slow.server, text: true, second: true},
      {label: "Sent", value: (slow) => slow.sent_ns, show: (at) => moment(since(at), 3)},
      {label: "Took", value: (slow) => slow.took_ns / 1e6, show: milliseconds},
      {label: "During", value: (slow) => faults.filter((fault) => fault.from <= since(slow.sent_ns + slow.took_ns) && since(slow.sent_ns) < fault.to).map((fault) => fault.label).join(", ") || "no fault", text: true},
    ], run.slow_statements.slice(0, 12), {label: "Slowest statements"}));
  }
}
