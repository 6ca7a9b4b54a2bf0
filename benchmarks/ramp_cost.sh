#!/usr/bin/env bash
# What one more connection of the ramp costs this machine, from 100 thousand to 5 million connections:
# CPU time up to the 180th simulated second (all handshakes and some two statements each) and peak memory
# of the whole process. The marginal cost at N is (CPU at 2N - CPU at N) / N, so that what a run costs
# without any clients (stores, warm backhaul, pings: printed apart) does not count.
#
# usage: benchmarks/ramp_cost.sh [path of the wanlab program] [seed]
# Prints figures and judges nothing: times depend on the machine and on what else it does.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
wanlab=${1:-$root/wanlab}
seed=${2:-1}
out=$(mktemp -d)
trap 'rm -rf -- "$out"' EXIT

# measure HOSTS CONNECTIONS_PER_HOST: sets cpu (seconds until the mark), whole (of the run), rss, open.
# Later workers may start at the rate of 2023, so that 5,000 of them are there in time; each run is held
# only as long as the mark needs.
measure() {
  local json=$out/summary.json
  "$wanlab" run "$root/scenarios/lambda-1m-ramp.json" --json --seed "$seed" --out "$out" \
    --set clients.fleet.hosts="$1" --set clients.fleet.connections_per_host="$2" \
    --set clients.fleet.concurrency=rate-2023 --set clients.fleet.hold=75s \
    --set 'expect=[]' >"$json" 2>"$out/log" || { cat "$out/log" >&2; exit 1; }
  value() { sed -n "s/^  \"$1\": \([0-9.e+-]*\),*$/\1/p" "$json"; }
  whole=$(value cpu_s)
  rss=$(value peak_rss_bytes)
  open=$(sed -n 's/^    "peak_open": \([0-9]*\),*$/\1/p' "$json" | head -n 1)
  cpu=$(awk -v each="$(value cpu_us_per_connection_at_180s)" -v n="$open" 'BEGIN { print each * n / 1e6 }')
}

measure 1 1
fixed=$cpu fixed_rss=$rss
printf 'without clients: %.3f s of CPU until 180 s simulated, %.1f MiB\n\n' "$fixed" \
  "$(awk -v b="$rss" 'BEGIN { print b / 1048576 }')"
printf '%12s %12s %14s %14s %12s %12s\n' connections 'CPU, s' 'us each' 'marginal, us' 'memory, MiB' 'bytes each'

row() {  # CONNECTIONS MARGINAL
  awk -v n="$1" -v cpu="$cpu" -v fixed="$fixed" -v rss="$rss" -v marginal="$2" 'BEGIN {
    printf "%12d %12.2f %14.2f %14s %12.0f %12.0f\n", n, cpu, (cpu - fixed) / n * 1e6, marginal,
           rss / 1048576, rss / n }'
}

# pair N: N and 2N connections; prints both rows and keeps the marginal cost.
pair() {
  measure $(($1 / 1000)) 1000
  local cpu_of_n=$cpu
  row "$1" ""
  measure $((2 * $1 / 1000)) 1000
  marginal=$(awk -v more="$cpu" -v less="$cpu_of_n" -v n="$1" \
    'BEGIN { printf "%.2f", (more - less) / n * 1e6 }')
  row $((2 * $1)) "$marginal"
}

pair 100000
small=$marginal
pair 1000000
large=$marginal
measure 5000 1000
row 5000000 ""
awk -v small="$small" -v large="$large" 'BEGIN {
  printf "\nmarginal cost at 1,000,000 over that at 100,000: %.2f\n", large / small }'
