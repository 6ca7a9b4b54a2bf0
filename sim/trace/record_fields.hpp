// Every field of a run record by name, for the reader and the writer of record.json alike. The
// structured bindings do not compile unless they list all fields, so none can be forgotten.
#pragma once

#include "sim/trace/run_record.hpp"

#include <concepts>
#include <type_traits>

namespace wanlab::trace {

template <typename S, typename T>
concept Is = std::same_as<std::remove_const_t<S>, T>;

// A visitor is called as visit("key", field) for each field, in the order of the file.
template <typename V, Is<HostLabel> S>
void visit_fields(V& visit, S& label) {
  auto& [name, role, place, group, index] = label;
  static_cast<void>(index);  // means something only while the Recorder lives
  visit("name", name);
  visit("role", role);
  visit("place", place);
  visit("group", group);
}

template <typename V, Is<HostStatistics> S>
void visit_fields(V& visit, S& host) {
  auto& [label, cores, cpu, cpu_peak, run_queue, connections, descriptors, backlog, backlog_limit,
         memory, memory_limit, syn_dropped, refused_descriptors, refused_memory, pool, busy,
         waiting, timeouts, served, waited, wait_time, busy_time] = host;
  visit("host", label);
  visit("cores", cores);
  visit("cpu_busy_ns", cpu);
  visit("cpu_busy_peak_second_ns", cpu_peak);
  visit("longest_run_queue_ns", run_queue);
  visit("peak_connections", connections);
  visit("descriptor_limit", descriptors);
  visit("peak_backlog", backlog);
  visit("backlog_limit", backlog_limit);
  visit("peak_memory_bytes", memory);
  visit("memory_limit_bytes", memory_limit);
  visit("syn_dropped", syn_dropped);
  visit("refused_descriptors", refused_descriptors);
  visit("refused_memory", refused_memory);
  visit("pool_size", pool);
  visit("pool_peak_busy", busy);
  visit("pool_peak_waiting", waiting);
  visit("pool_timeouts", timeouts);
  visit("pool_served", served);
  visit("pool_waited", waited);
  visit("pool_wait_time_ns", wait_time);
  visit("pool_busy_time_ns", busy_time);
}

template <typename V, Is<BackhaulStatistics> S>
void visit_fields(V& visit, S& backhaul) {
  auto& [pop, region, connections, to_region, to_pop, frames, requests] = backhaul;
  visit("pop", pop);
  visit("region", region);
  visit("connections", connections);
  visit("bytes_to_region", to_region);
  visit("bytes_to_pop", to_pop);
  visit("frames", frames);
  visit("requests", requests);
}

template <typename V, Is<ClientTally> S>
void visit_fields(V& visit, S& tally) {
  auto& [attempted, attempts, established, failed, closed, lost, open, peak, failures, retried,
         sent, answered, queries_failed, connect, query, first_answer, first_attempt,
         first_established, last_established, peak_rate] = tally;
  visit("attempted", attempted);
  visit("attempts", attempts);
  visit("established", established);
  visit("failed", failed);
  visit("closed", closed);
  visit("lost", lost);
  visit("open", open);
  visit("peak_open", peak);
  visit("failures", failures);
  visit("failed_attempts", retried);
  visit("queries_sent", sent);
  visit("queries_answered", answered);
  visit("queries_failed", queries_failed);
  visit("connect", connect);
  visit("query", query);
  visit("first_answer", first_answer);
  visit("first_attempt_ns", first_attempt);
  visit("first_established_ns", first_established);
  visit("last_established_ns", last_established);
  visit("peak_established_per_second", peak_rate);
}

template <typename V, Is<SessionTally> S>
void visit_fields(V& visit, S& tally) {
  auto& [accepted, authenticated, refused, closed, open, peak, peak_at, routed, answered, failed] =
      tally;
  visit("accepted", accepted);
  visit("authenticated", authenticated);
  visit("refused", refused);
  visit("closed", closed);
  visit("open", open);
  visit("peak_open", peak);
  visit("peak_at_ns", peak_at);
  visit("routed", routed);
  visit("answered", answered);
  visit("failed", failed);
}

template <typename V, Is<GroupRecord> S>
void visit_fields(V& visit, S& group) {
  auto& [name, clients] = group;
  visit("name", name);
  visit("clients", clients);
}

template <typename V, Is<PopRecord> S>
void visit_fields(V& visit, S& pop) {
  auto& [name, clients, sessions] = pop;
  visit("name", name);
  visit("clients", clients);
  visit("sessions", sessions);
}

template <typename V, Is<SeriesRow> S>
void visit_fields(V& visit, S& row) {
  auto& [at, open, attempts, established, failed, closed, lost, sent, answered, queries_failed,
         syn_dropped, connect_p50, connect_p99, query_p50, query_p99] = row;
  visit("at", at);
  visit("open", open);
  visit("attempts", attempts);
  visit("established", established);
  visit("failed", failed);
  visit("closed", closed);
  visit("lost", lost);
  visit("queries_sent", sent);
  visit("queries_answered", answered);
  visit("queries_failed", queries_failed);
  visit("syn_dropped", syn_dropped);
  visit("connect_p50", connect_p50);
  visit("connect_p99", connect_p99);
  visit("query_p50", query_p50);
  visit("query_p99", query_p99);
}

template <typename V, Is<TimelineColumn> S>
void visit_fields(V& visit, S& column) {
  auto& [subject, name, measure, first, values] = column;
  visit("subject", subject);
  visit("name", name);
  visit("measure", measure);
  visit("first_row", first);
  visit("values", values);
}

template <typename V, Is<TimelineRecord> S>
void visit_fields(V& visit, S& timeline) {
  auto& [interval, rows, columns, connect, query] = timeline;
  visit("interval_ns", interval);
  visit("rows", rows);
  visit("columns", columns);
  visit("connect", connect);
  visit("query", query);
}

template <typename V, Is<Happening> S>
void visit_fields(V& visit, S& happening) {
  auto& [at, host, kind, subject, a, b, text] = happening;
  visit("at_ns", at);
  visit("host", host);
  visit("kind", kind);
  visit("subject", subject);
  visit("a", a);
  visit("b", b);
  visit("text", text);
}

template <typename V, Is<ConnectSteps> S>
void visit_fields(V& visit, S& steps) {
  auto& [wanted, attempted, connected, greeted, secured, session, tries] = steps;
  visit("wanted_ns", wanted);
  visit("attempted_ns", attempted);
  visit("connected_ns", connected);
  visit("greeted_ns", greeted);
  visit("secured_ns", secured);
  visit("session", session);
  visit("tries", tries);
}

template <typename V, Is<ConnectionSample> S>
void visit_fields(V& visit, S& sample) {
  auto& [why, client, number, group, site, server, steps, granted, ended, cause, error, words,
         query_sent, query_ended, query_failed, closed] = sample;
  visit("why", why);
  visit("client", client);
  visit("number", number);
  visit("group", group);
  visit("site", site);
  visit("server", server);
  visit("steps", steps);
  visit("granted_ns", granted);
  visit("ended_ns", ended);
  visit("cause", cause);
  visit("error", error);
  visit("words", words);
  visit("query_sent_ns", query_sent);
  visit("query_ended_ns", query_ended);
  visit("query_failed", query_failed);
  visit("closed_ns", closed);
}

template <typename V, Is<SlowStatement> S>
void visit_fields(V& visit, S& slow) {
  auto& [client, connection, statement, server, sent, took] = slow;
  visit("client", client);
  visit("connection", connection);
  visit("statement", statement);
  visit("server", server);
  visit("sent_ns", sent);
  visit("took_ns", took);
}

template <typename V, Is<ClientArc> S>
void visit_fields(V& visit, S& arc) {
  auto& [site, place, established] = arc;
  visit("site", site);
  visit("server_place", place);
  visit("established", established);
}

template <typename V, Is<MachineCost> S>
void visit_fields(V& visit, S& cost) {
  auto& [wall, cpu, rss, rss_before, mark_at, at_mark] = cost;
  visit("wall_ns", wall);
  visit("cpu_ns", cpu);
  visit("peak_rss_bytes", rss);
  visit("rss_before_bytes", rss_before);
  visit("cpu_mark_at_ns", mark_at);
  visit("cpu_at_mark_ns", at_mark);
}

template <typename V, Is<RunRecord> S>
void visit_fields(V& visit, S& record) {
  auto& [clients, groups, pops, kinds, series_interval, series, target, digest, timeline,
         happenings, samples, slow_statements, arcs, events, simulated, quiet, hosts, backhauls,
         syn_repeats, cost, interrupted] = record;
  visit("digest", digest);
  visit("interrupted", interrupted);
  visit("simulated_ns", simulated);
  visit("quiet", quiet);
  visit("events", events);
  visit("target_reached_ns", target);
  visit("syn_repeats", syn_repeats);
  visit("cost", cost);
  visit("clients", clients);
  visit("groups", groups);
  visit("pops", pops);
  visit("hosts", hosts);
  visit("backhauls", backhauls);
  visit("arcs", arcs);
  visit("events_by_kind", kinds);
  visit("samples", samples);
  visit("slow_statements", slow_statements);
  visit("happenings", happenings);
  visit("series_interval_ns", series_interval);
  visit("series", series);
  visit("timeline", timeline);
}

}  // namespace wanlab::trace
