// What the page was given: the summary, the plan, and the record of the run with its packed columns.
const json = (id) => JSON.parse(document.getElementById(id).textContent);
const summary = json("summary-data");
const plan = json("plan-data");
const run = json("run-data");

const digitValue = new Map([..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"]
  .map((digit, value) => [digit, value]));

// The inverse of trace::PackedNumbers. Sums stay exact below 2^53.
function unpack(text) {
  const numbers = [];
  let at = 0, last = 0;
  const next = () => {
    let value = 0, scale = 1;
    for (;;) {
      const digit = digitValue.get(text[at++]);
      if (digit === undefined) throw new Error("packed numbers are damaged");
      value += (digit & 31) * scale;
      if (digit < 32) return value;
      scale *= 32;
    }
  };
  while (at < text.length) {
    if (text[at] === "~") {
      at++;
      for (let zeros = next(); zeros > 0; zeros--) numbers.push(last);
    } else {
      const folded = next();
      last += folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
      numbers.push(last);
    }
  }
  return numbers;
}

const timeline = run.timeline;
const rows = timeline.rows;
const interval = timeline.interval_ns / 1e9;
const warmUp = run.warm_up;
// All times on the page count from the end of the warm-up, as they do in scenario files.
const rowEnds = d3.range(rows).map((row) => Math.min((row + 1) * interval, run.simulated) - warmUp);
const rowSpan = (row) => Math.max(rowEnds[row] - (row === 0 ? -warmUp : rowEnds[row - 1]), 1e-9);
const runSpan = [Math.min(0, rowEnds[0] ?? 0), rowEnds[rows - 1] ?? 0];
const rowAt = (time) => Math.max(0, Math.min(rows - 1, d3.bisectLeft(rowEnds, time)));
const since = (nanoseconds) => nanoseconds / 1e9 - warmUp;

const columnsByName = new Map(timeline.columns.map((column) => [column.subject + "\n" + column.name, column]));

// A column's values by row; null when nothing was ever counted.
function column(subject, name) {
  const found = columnsByName.get(subject + "\n" + name);
  if (!found) return null;
  if (!found.unpacked) {
    const values = new Float64Array(rows);
    values.set(unpack(found.values), found.first_row);
    found.unpacked = values;
  }
  return found.unpacked;
}

// What a counter grew by within each row. A machine that starts anew counts from zero again.
function growth(subject, name) {
  const values = column(subject, name);
  if (!values) return null;
  return values.map((value, row) => {
    const before = row === 0 ? 0 : values[row - 1];
    return value >= before ? value - before : value;
  });
}
const rate = (subject, name) => growth(subject, name)?.map((count, row) => count / rowSpan(row)) ?? null;

// Latencies by row: list of [bucket, count], from packed columns by bucket.
const perOctave = 64, firstOctave = 10, coarse = 2;
function bucketStart(bucket) {  // in milliseconds; as in trace::Histogram
  if (bucket < perOctave) return bucket * (2 ** firstOctave / perOctave) / 1e6;
  const octave = Math.floor(bucket / perOctave) - 1 + firstOctave;
  return (perOctave + bucket % perOctave) * 2 ** (octave - 6) / 1e6;
}
function latencyRows(name) {
  const perRow = d3.range(rows).map(() => []);
  for (const {bucket, counts} of timeline[name]) {
    unpack(counts).forEach((count, row) => { if (count > 0) perRow[row].push([bucket, count]); });
  }
  return perRow;
}
// Percentiles by row, within 2 %; null where nothing ended.
function percentiles(latencies, shares) {
  return shares.map((share) => latencies.map((buckets) => {
    const total = d3.sum(buckets, (entry) => entry[1]);
    if (total === 0) return null;
    const rank = Math.max(1, Math.ceil(share * total));
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen >= rank) {
        const low = bucketStart(bucket * coarse), high = bucketStart((bucket + 1) * coarse);
        return (low + high) / 2;
      }
    }
    return null;
  }));
}

function metric(path) {
  let value = summary;
  for (const step of path) value = value?.[step];
  return value ?? null;
}

const faults = run.faults.map((fault) => ({
  ...fault,
  from: fault.at - warmUp,
  to: fault.until === undefined ? Infinity : fault.until - warmUp,
  label: faultLabel(fault),
}));
function faultLabel(fault) {
  const where = fault.target ? `${fault.source} \u2013 ${fault.target}` : fault.source;
  const what = `${fault.kind.replace(/[_-]/g, " ")} ${where}`.trim();
  return fault.name ? `${fault.name} (${what})` : what;
}

const happenings = run.happenings.map((event) => ({...event, time: since(event.at_ns)}));
