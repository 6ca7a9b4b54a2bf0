// Tables: the verdicts, the cards of key figures, and the sortable ones per POP, cluster, tenant, backhaul.

// columns: {label, value(row) -> number or text, show(value, row) -> text or node, text: left-aligned,
// second: left out where there is no room}
const classOf = (column) => [column.text ? "text" : "", column.second ? "second" : ""].join(" ").trim() || null;
function table(caption, columns, entries, options = {}) {
  const body = element("tbody");
  const fill = (sorted) => {
    body.replaceChildren(...sorted.map((entry) => {
      const line = element("tr", options.attributes?.(entry) ?? {});
      columns.forEach((column, place) => {
        const value = column.value(entry);
        const shown = column.show ? column.show(value, entry) : typeof value === "number" ? short(value) : value ?? "\u2013";
        const cell = element(place === 0 ? "th" : "td",
          {class: classOf(column), scope: place === 0 ? "row" : undefined});
        cell.append(shown instanceof Node ? shown : String(shown));
        line.append(cell);
      });
      return line;
    }));
  };
  const heads = columns.map((column) => {
    const head = element("th", {scope: "col", class: classOf(column)});
    head.append(element("button", {type: "button", onclick: () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = down ? d3.descending : d3.ascending;
      fill([...entries].sort((one, other) => order(column.value(one) ?? -Infinity, column.value(other) ?? -Infinity)));
    }}, column.label));
    return head;
  });
  fill(entries);
  const node = element("table", {}, caption ? element("caption", {}, caption) : null,
    element("thead", {}, element("tr", {}, ...heads)), body);
  return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption || options.label || "table"}, node);
}

function drawVerdicts() {
  const status = byId("status");
  status.textContent = summary.status;
  status.classList.add(summary.status);
  const count = summary.expectations.length, failed = summary.expectations.filter((verdict) => !verdict.passed).length;
  const place = byId("verdict-table");
  if (count === 0) {
    place.append(element("p", {}, summary.interrupted
      ? "The run was interrupted: what follows is what was simulated until then, and nothing was judged."
      : "The scenario states no expectations."));
  } else {
    place.append(table(`${count - failed} of ${count} expectations hold`, [
      {label: "", value: (verdict) => verdict.passed ? "holds" : "broken", text: true,
        show: (word) => element("span", {class: word === "holds" ? "ok" : "no"}, word)},
      {label: "Metric", value: (verdict) => verdict.metric, text: true},
      {label: "Expected", value: (verdict) => verdict.expected, text: true},
      {label: "Got", value: (verdict) => verdict.got, show: (got) => element("span", {class: "got"}, got)},
    ], summary.expectations));
  }
  const saturated = byId("saturated");
  saturated.append(element("h3", {}, "What ran out"));
  if (summary.saturated.length === 0) saturated.append(element("p", {class: "muted"}, "Nothing."));
  else saturated.append(element("ul", {}, ...summary.saturated.map((text) => element("li", {}, text))));
}

function drawCards() {
  const cards = [
    ["Connections established", figure(["connections", "established"], grouped), ["of ", figure(["connections", "attempted"], grouped), " wanted"]],
    ["Open at the peak", figure(["connections", "peak_open"], grouped), [figure(["connections", "open_at_end"], grouped), " open at the end"]],
    ["Connections failed", figure(["connections", "failed"], grouped), [figure(["connections", "lost"], grouped), " lost while open"]],
    ["Connect latency, median", figure(["connect_latency_ms", "p50"], milliseconds), ["p99 ", figure(["connect_latency_ms", "p99"], milliseconds), ", max ", figure(["connect_latency_ms", "max"], milliseconds)]],
    ["Statement latency, median", figure(["query_latency_ms", "p50"], milliseconds), ["p99 ", figure(["query_latency_ms", "p99"], milliseconds), ", max ", figure(["query_latency_ms", "max"], milliseconds)]],
    ["Statements answered", figure(["queries", "answered"], grouped), [figure(["queries", "failed"], grouped), " failed, ", figure(["queries", "open_at_end"], grouped), " unanswered at the end"]],
    ["Simulated", element("span", {}, `${short(metric(["simulated_s"]))} s`), ["in ", figure(["wall_s"], (value) => `${short(value)} s`), ", ", figure(["events"], grouped), " events"]],
    ["Memory", figure(["peak_rss_bytes"], bytes), [figure(["bytes_per_connection"], grouped), " bytes per connection"]],
  ];
  byId("cards").append(...cards.map(([label, value, rest]) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, value, element("small", {}, ...rest)))));
}

const clientColumns = (at) => [
  {label: "Established", value: (name) => metric([at, name, "connections", "established"]), show: (v, name) => figure([at, name, "connections", "established"], grouped)},
  {label: "Failed", value: (name) => metric([at, name, "connections", "failed"]), show: (v, name) => figure([at, name, "connections", "failed"], grouped)},
  {label: "Lost", value: (name) => metric([at, name, "connections", "lost"]), show: (v, name) => figure([at, name, "connections", "lost"], grouped)},
  {label: "Peak open", value: (name) => metric([at, name, "connections", "peak_open"]), show: (v, name) => figure([at, name, "connections", "peak_open"], grouped)},
  {label: "Connect p50", value: (name) => metric([at, name, "connect_latency_ms", "p50"]), show: (v, name) => figure([at, name, "connect_latency_ms", "p50"], milliseconds)},
  {label: "p99", value: (name) => metric([at, name, "connect_latency_ms", "p99"]), show: (v, name) => figure([at, name, "connect_latency_ms", "p99"], milliseconds)},
  {label: "Statements", value: (name) => metric([at, name, "queries", "answered"]), show: (v, name) => figure([at, name, "queries", "answered"], grouped)},
  {label: "failed", value: (name) => metric([at, name, "queries", "failed"]), show: (v, name) => figure([at, name, "queries", "failed"], grouped)},
  {label: "Query p50", value: (name) => metric([at, name, "query_latency_ms", "p50"]), show: (v, name) => figure([at, name, "query_latency_ms", "p50"], milliseconds)},
  {label: "p99", value: (name) => metric([at, name, "query_latency_ms", "p99"]), show: (v, name) => figure([at, name, "query_latency_ms", "p99"], milliseconds)},
];

function drawTables() {
  const place = byId("table-list");
  const usage = new Map(run.usage.map((entry) => [`${entry.role} ${entry.place}`, entry]));
  const pops = Object.keys(summary.pops);
  const used = pops.filter((pop) => metric(["pops", pop, "sessions", "accepted"]) > 0);
  const idle = pops.length - used.length;
  place.append(table(`POPs${idle > 0 ? ` (${idle} more without any session)` : ""}`, [
    {label: "POP", value: (pop) => pop, text: true},
    {label: "Sessions", value: (pop) => metric(["pops", pop, "sessions", "accepted"]), show: (v, pop) => figure(["pops", pop, "sessions", "accepted"], grouped)},
    {label: "refused", value: (pop) => metric(["pops", pop, "sessions", "refused"]), show: (v, pop) => figure(["pops", pop, "sessions", "refused"], grouped)},
    ...clientColumns("pops").filter((column) => column.label !== "Established"),
    {label: "Nodes", value: (pop) => usage.get(`edge ${pop}`)?.hosts},
    {label: "CPU mean", value: (pop) => usage.get(`edge ${pop}`)?.cpu_mean, show: (share) => share === undefined ? "\u2013" : percent(share)},
    {label: "peak", value: (pop) => usage.get(`edge ${pop}`)?.cpu_peak, show: (share) => share === undefined ? "\u2013" : percent(share)},
    {label: "Backlog", value: (pop) => usage.get(`edge ${pop}`)?.peak_backlog},
  ], used));

  const clusters = [...new Set(run.places.filter((entry) => entry.kind === "region").map((entry) => entry.name))];
  const requests = (region) => d3.sum(summary.backhauls.filter((entry) => entry.region === region), (entry) => entry.requests);
  place.append(table("Clusters", [
    {label: "Cluster", value: (region) => region, text: true},
    {label: "Requests", value: requests, show: grouped},
    {label: "Origins", value: (region) => usage.get(`origin ${region}`)?.hosts},
    {label: "CPU mean", value: (region) => usage.get(`origin ${region}`)?.cpu_mean, show: (share) => share === undefined ? "\u2013" : percent(share)},
    {label: "peak", value: (region) => usage.get(`origin ${region}`)?.cpu_peak, show: (share) => share === undefined ? "\u2013" : percent(share)},
    {label: "Pool busy", value: (region) => usage.get(`origin ${region}`)?.pool_peak_busy, show: (busy, region) => busy === undefined ? "\u2013" : `${grouped(busy)} of ${grouped(usage.get(`origin ${region}`).pool_size)}`},
    {label: "waiting", value: (region) => usage.get(`origin ${region}`)?.pool_peak_waiting},
    {label: "timeouts", value: (region) => usage.get(`origin ${region}`)?.pool_timeouts},
    {label: "Databases", value: (region) => usage.get(`database ${region}`)?.hosts},
    {label: "CPU mean", value: (region) => usage.get(`database ${region}`)?.cpu_mean, show: (share) => share === undefined ? "\u2013" : percent(share)},
    {label: "peak", value: (region) => usage.get(`database ${region}`)?.cpu_peak, show: (share) => share === undefined ? "\u2013" : percent(share)},
  ], clusters));

  place.append(table("Tenants and their client groups", [
    {label: "Group", value: (entry) => entry.group, text: true},
    {label: "User", value: (entry) => entry.user, text: true},
    {label: "Branch", value: (entry) => entry.branch ?? "unknown user", text: true},
    {label: "Clusters", value: (entry) => (entry.clusters ?? []).join(", "), text: true},
    {label: "Endpoint", value: (entry) => entry.endpoint, text: true},
    ...clientColumns("groups").map((column) => ({
      ...column, value: (entry) => column.value(entry.group), show: (value, entry) => column.show(value, entry.group)})),
  ], run.tenants));

  place.append(table("Backhauls", [
    {label: "POP", value: (entry) => entry.pop, text: true},
    {label: "Cluster", value: (entry) => entry.region, text: true},
    {label: "Connections", value: (entry) => entry.connections, show: grouped},
    {label: "Requests", value: (entry) => entry.requests, show: grouped},
    {label: "To cluster", value: (entry) => entry.bytes_to_region, show: bytes},
    {label: "To POP", value: (entry) => entry.bytes_to_pop, show: bytes},
    {label: "Frames", value: (entry) => entry.frames, show: grouped},
  ], summary.backhauls.filter((entry) => entry.requests > 0 || summary.backhauls.length <= 60)));

  const failed = Object.entries(metric(["connections", "failed_by_cause"])).filter((entry) => entry[1] > 0);
  const retried = metric(["connections", "retried_by_cause"]);
  const causes = [...new Set([...failed.map((entry) => entry[0]), ...Object.keys(retried).filter((cause) => retried[cause] > 0)])];
  if (causes.length > 0) {
    place.append(table("Why attempts failed", [
      {label: "Cause", value: (cause) => cause.replaceAll("_", " "), text: true},
      {label: "Given up", value: (cause) => metric(["connections", "failed_by_cause", cause]), show: grouped},
      {label: "Tried again", value: (cause) => retried[cause], show: grouped},
    ], causes));
  }
}
