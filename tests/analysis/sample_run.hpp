// A small run made by hand, so that every figure of a report can be checked against arithmetic.
#pragma once

#include "analysis/summary.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/trace/recorder.hpp"

namespace wanlab::analysis {

inline scenario::Plan sample_plan() {
  scenario::Plan plan;
  plan.name = "sample";
  plan.why = "A storm and a calm group over two POPs.";
  plan.seed = 7;
  plan.duration = std::chrono::seconds(10);
  plan.warm_up = std::chrono::seconds(1);
  plan.edges.resize(2);
  plan.edges[0].name = "iad";
  plan.edges[1].name = "fra";
  plan.clients.resize(2);
  plan.clients[0].name = "storm";
  plan.clients[0].hosts = 1;
  plan.clients[0].connections_per_host = 3;
  plan.clients[0].start = std::chrono::seconds(1);
  plan.clients[1].name = "calm";
  plan.clients[1].start = std::chrono::seconds(2);
  return plan;
}

// Three connections of "storm" through iad at 2.0, 2.1 and 2.2 s, 10 ms each, with a statement of 5
// ms; one of "calm" through fra that fails twice and is given up.
inline trace::RunRecord sample_record() {
  using runtime::TraceKind;
  trace::Recorder recorder({.target_open = 3});
  const auto storm = recorder.add_host({"storm-1", trace::HostRole::client, "us-east-1", "storm"});
  const auto calm = recorder.add_host({"calm-1", trace::HostRole::client, "eu-central-1", "calm"});
  const auto edge = recorder.add_host({"edge-1.iad", trace::HostRole::edge, "iad", ""});
  recorder.add_host({"edge-1.fra", trace::HostRole::edge, "fra", ""});
  const auto at = [](Duration since_start) { return Instant(since_start); };
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Duration start = 2s + static_cast<std::int64_t>(i) * Duration(100ms);
    recorder.record(at(start), storm, {TraceKind::client_connecting, i, 1, 0, "edge-1.iad"});
    recorder.record(at(start + 4ms), edge, {TraceKind::session_accepted, i, 0, 0, ""});
    recorder.record(at(start + 8ms), edge, {TraceKind::session_authenticated, i, 1, 0, "app"});
    recorder.record(at(start + 10ms), storm, {TraceKind::client_established, i, 10'000'000, 0, ""});
    recorder.record(at(start + 10ms), storm, {TraceKind::client_query_sent, i, 1, 0, ""});
    recorder.record(at(start + 12ms), edge, {TraceKind::query_routed, i, 1, 1, "us-east-1"});
    recorder.record(at(start + 15ms), storm,
                    {TraceKind::client_query_answered, i, 1, 5'000'000, ""});
    recorder.record(at(start + 15ms), storm,
                    {TraceKind::client_first_answer, i, 15'000'000, 0, ""});
  }
  const auto timeout = static_cast<std::uint64_t>(trace::ConnectFailure::connect_timeout);
  recorder.record(at(3s), calm, {TraceKind::client_connecting, 1, 1, 0, "edge-1.fra"});
  recorder.record(at(4s), calm, {TraceKind::client_attempt_failed, 1, timeout, 0, ""});
  recorder.record(at(4s), calm, {TraceKind::client_connecting, 1, 2, 0, "edge-1.fra"});
  recorder.record(at(5s), calm, {TraceKind::client_failed, 1, timeout, 0, ""});

  trace::RunRecord record;
  recorder.finish(at(10s), record);
  record.digest = 0x0123456789abcdef;  // told apart from the figures that this sample checks
  record.events = 123'456;
  record.simulated = std::chrono::seconds(10);
  record.cost.wall = std::chrono::milliseconds(500);
  record.cost.cpu = std::chrono::milliseconds(300);
  record.cost.peak_rss_bytes = 3 << 20;

  trace::HostStatistics busy;
  busy.label = {"edge-1.iad", trace::HostRole::edge, "iad", ""};
  busy.cores = 2;
  busy.cpu_busy = std::chrono::seconds(5);
  busy.cpu_busy_peak_second = std::chrono::milliseconds(1940);
  busy.longest_run_queue = std::chrono::milliseconds(40);
  busy.peak_connections = 3;
  busy.peak_backlog = busy.backlog_limit = 128;
  busy.syn_dropped = 12;
  record.hosts.push_back(busy);
  trace::HostStatistics origin;
  origin.label = {"origin-1.us-east-1", trace::HostRole::origin, "us-east-1", ""};
  origin.cores = 4;
  origin.cpu_busy = std::chrono::seconds(1);
  origin.pool_size = 64;
  origin.pool_peak_busy = 3;
  record.hosts.push_back(origin);
  record.backhauls.push_back({"iad", "us-east-1", 4, 1'000, 2'000, 24, 6});
  return record;
}

}  // namespace wanlab::analysis
