// From plan and record to the page's data. Times are in seconds from the start of the run.
#include "analysis/report/page_data_json.hpp"

#include "analysis/findings.hpp"
#include "sim/scenario/enum_names.hpp"
#include "sim/scenario/plan_json.hpp"
#include "sim/trace/run_record_json.hpp"
#include "sim/trace/step_printer.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace wanlab::analysis {

namespace {

using base::Json;

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1e9;
}
Json json_seconds(Duration duration) {
  return Json::make_real(seconds(duration));
}
Json json_seconds(Instant instant) {
  return json_seconds(instant.time_since_epoch());
}

// Every place that the page puts on its map: where it lies and what stands there.
class Places {
 public:
  explicit Places(const network::Topology& topology) {
    for (const network::Site& site : topology.sites) sites_.emplace(site.name, &site);
  }

  void add(std::string_view kind, const std::string& name, const std::string& site) {
    if (!added_.emplace(kind, name).second) return;
    Json place = Json::make_object();
    place.set("kind", Json::make_text(std::string(kind)));
    place.set("name", Json::make_text(name));
    place.set("site", Json::make_text(site));
    const auto found = sites_.find(site);
    if (found != sites_.end() && (found->second->latitude != 0 || found->second->longitude != 0)) {
      place.set("latitude", Json::make_real(found->second->latitude));
      place.set("longitude", Json::make_real(found->second->longitude));
      place.set("city", Json::make_text(found->second->city));
    }
    places_.push(std::move(place));
  }
  Json take() { return std::move(places_); }

 private:
  std::map<std::string_view, const network::Site*> sites_;
  std::set<std::pair<std::string_view, std::string>> added_;
  Json places_ = Json::make_array();
};

Json places_of(const RunPage& page) {
  const scenario::Plan& plan = page.plan;
  Places places(plan.topology);
  for (const scenario::EdgePop& pop : plan.edges) places.add("pop", pop.name, pop.site);
  for (const scenario::OriginRegion& origin : plan.origins) {
    places.add("region", origin.region, origin.region);
  }
  for (const scenario::Database& database : plan.databases) {
    places.add("region", database.primary_region, database.primary_region);
    for (const std::string& region : database.read_only_regions) {
      places.add("region", region, region);
    }
  }
  places.add("store", plan.store_site, plan.store_site);
  for (const scenario::ClientGroup& group : plan.clients) {
    if (!group.site.empty()) places.add("clients", group.site, group.site);
  }
  for (const trace::ClientArc& arc : page.record.arcs) places.add("clients", arc.site, arc.site);
  return places.take();
}

Json faults_of(const scenario::Plan& plan) {
  Json faults = Json::make_array();
  for (const scenario::Fault& fault : plan.faults) {
    Json entry = Json::make_object();
    entry.set("kind", Json::make_text(std::string(scenario::name_of(fault.kind))));
    entry.set("name", Json::make_text(fault.name));
    entry.set("source", Json::make_text(fault.source));
    entry.set("target", Json::make_text(fault.target));
    entry.set("at", json_seconds(plan.warm_up + fault.at));
    if (fault.duration > Duration::zero()) {
      entry.set("until", json_seconds(plan.warm_up + fault.at + fault.duration));
    }
    faults.push(std::move(entry));
  }
  return faults;
}

// [upper bound of a bucket in milliseconds, count] for the buckets with samples.
Json distribution(const trace::Histogram& histogram) {
  Json points = Json::make_array();
  histogram.visit([&](Duration middle, std::uint64_t count) {
    Json point = Json::make_array();
    point.push(Json::make_real(static_cast<double>(middle.count()) / 1e6));
    point.push(Json::make_natural(count));
    points.push(std::move(point));
  });
  return points;
}

Json distributions_of(const trace::RunRecord& record) {
  Json all = Json::make_array();
  const auto add = [&](const std::string& name, const trace::ClientTally& tally) {
    Json entry = Json::make_object();
    entry.set("group", Json::make_text(name));
    entry.set("connect", distribution(tally.connect));
    entry.set("query", distribution(tally.query));
    entry.set("first_answer", distribution(tally.first_answer));
    all.push(std::move(entry));
  };
  if (record.groups.size() != 1) add("all", record.clients);
  for (const trace::GroupRecord& group : record.groups) add(group.name, group.clients);
  return all;
}

// Who is whose: the page sums groups up by user, and users by branch.
Json tenants_of(const scenario::Plan& plan) {
  Json tenants = Json::make_array();
  for (const scenario::ClientGroup& group : plan.clients) {
    Json entry = Json::make_object();
    entry.set("group", Json::make_text(group.name));
    entry.set("user", Json::make_text(group.user));
    entry.set("endpoint", Json::make_text(group.endpoint));
    for (const scenario::Credential& credential : plan.credentials) {
      if (credential.user != group.user) continue;
      entry.set("branch", Json::make_text(credential.branch));
      Json regions = Json::make_array();
      for (const std::string& region : credential.regions) regions.push(Json::make_text(region));
      entry.set("clusters", std::move(regions));
    }
    tenants.push(std::move(entry));
  }
  return tenants;
}

// Cores by role and place, to make shares of CPU times.
Json cores_of(const trace::RunRecord& record) {
  std::map<std::string, std::uint64_t> cores;
  for (const trace::HostStatistics& host : record.hosts) {
    cores[std::string(to_string(host.label.role)) + " " + host.label.place] += host.cores;
  }
  Json object = Json::make_object();
  for (const auto& [subject, count] : cores) object.set(subject, Json::make_natural(count));
  return object;
}

Json usage_of(const trace::RunRecord& record) {
  Json list = Json::make_array();
  for (const Usage& usage : usage_by_place(record)) {
    Json entry = Json::make_object();
    entry.set("role", Json::make_text(std::string(to_string(usage.role))));
    entry.set("place", Json::make_text(usage.place));
    entry.set("hosts", Json::make_natural(usage.hosts));
    entry.set("cpu_mean", Json::make_real(usage.cpu_mean));
    entry.set("cpu_peak", Json::make_real(usage.cpu_peak));
    entry.set("longest_run_queue_ms", Json::make_real(seconds(usage.longest_run_queue) * 1000));
    entry.set("peak_connections", Json::make_natural(usage.peak_connections));
    entry.set("peak_backlog", Json::make_natural(usage.peak_backlog));
    entry.set("backlog_limit", Json::make_natural(usage.backlog_limit));
    entry.set("peak_memory_bytes", Json::make_natural(usage.peak_memory_bytes));
    entry.set("syn_dropped", Json::make_natural(usage.syn_dropped));
    entry.set("refused", Json::make_natural(usage.refused_descriptors + usage.refused_memory));
    entry.set("pool_size", Json::make_natural(usage.pool_size));
    entry.set("pool_peak_busy", Json::make_natural(usage.pool_peak_busy));
    entry.set("pool_peak_waiting", Json::make_natural(usage.pool_peak_waiting));
    entry.set("pool_timeouts", Json::make_natural(usage.pool_timeouts));
    list.push(std::move(entry));
  }
  return list;
}

// Where hosts stand, so that faults and events of hosts find their place on the map.
Json host_places(const trace::RunRecord& record) {
  Json object = Json::make_object();
  for (const trace::HostStatistics& host : record.hosts) {
    object.set(host.label.name, Json::make_text(host.label.place));
  }
  return object;
}

}  // namespace

Json page_data(const RunPage& page) {
  const scenario::Plan& plan = page.plan;
  const trace::RunRecord& record = page.record;
  Json root = Json::make_object();
  root.set("scenario", Json::make_text(plan.name));
  root.set("why", Json::make_text(plan.why));
  root.set("topology", Json::make_text(plan.topology_name));
  root.set("version", Json::make_text(page.version));
  root.set("folder", Json::make_text(page.folder));
  root.set("warm_up", json_seconds(plan.warm_up));
  root.set("simulated", json_seconds(record.simulated));
  root.set("places", places_of(page));
  root.set("faults", faults_of(plan));
  root.set("tenants", tenants_of(plan));
  root.set("cores", cores_of(record));
  root.set("usage", usage_of(record));
  root.set("host_places", host_places(record));
  root.set("distributions", distributions_of(record));
  // As in record.json, so that there is one description of it.
  Json kept = trace::to_json(record);
  for (const char* part :
       {"timeline", "happenings", "samples", "slow_statements", "arcs", "events_by_kind"}) {
    root.set(part, std::move(*kept.find(part)));
  }
  Json& happenings = *root.find("happenings");
  for (std::size_t i = 0; i < record.happenings.size(); ++i) {
    const trace::Happening& event = record.happenings[i];
    happenings.elements[i].set(
        "words", Json::make_text(
                     trace::in_words({event.kind, event.subject, event.a, event.b, event.text})));
  }
  return root;
}

Json plan_excerpt(const scenario::Plan& plan) {
  scenario::Plan shown = plan;
  shown.topology = {};
  for (scenario::ClientGroup& group : shown.clients) {
    constexpr std::size_t most_rows = 20;
    if (group.arrivals.size() > most_rows) group.arrivals.resize(most_rows);
  }
  Json json = scenario::to_json(shown);
  json.remove("topology");
  return json;
}

}  // namespace wanlab::analysis
