// Faults in a laboratory: on paths by its relays, on machines by signals to its processes.
#include "sim/emulation/lab.hpp"

#include "sim/base/document_json.hpp"
#include "sim/scenario/enum_names.hpp"
#include "sim/scenario/fault_targets.hpp"
#include "sim/scenario/load_plan.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>

namespace wanlab::emulation {

using scenario::Fault;
using scenario::FaultKind;

namespace {

bool on_paths(FaultKind kind) {
  switch (kind) {
    case FaultKind::slow:
    case FaultKind::lossy:
    case FaultKind::partition:
    case FaultKind::bandwidth:
      return true;
    default:
      return false;
  }
}

bool on_processes(FaultKind kind) {
  switch (kind) {
    case FaultKind::crash_host:
    case FaultKind::freeze_host:
    case FaultKind::drain:
    case FaultKind::fail:
      return true;
    default:
      return false;
  }
}

struct Place {
  std::string_view host, site;
  std::uint32_t zone;
};

bool holds(const scenario::PathEnd& end, const Place& place) {
  return end.everything ||
         std::find(end.sites.begin(), end.sites.end(), place.site) != end.sites.end() ||
         std::find(end.hosts.begin(), end.hosts.end(), place.host) != end.hosts.end() ||
         std::any_of(end.zones.begin(), end.zones.end(), [&](const auto& zone) {
           return zone.first == place.site && zone.second == place.zone;
         });
}

template <typename Places>
Place place_of(const Places& places, const std::string& name, auto site) {
  const auto found = std::find_if(places.begin(), places.end(),
                                  [&](const auto& place) { return place.name == name; });
  return {found->name, (*found).*site, found->zone};
}

std::string describe(const Fault& fault) {
  std::string text(scenario::name_of(fault.kind));
  text += " " + fault.source;
  if (!fault.target.empty()) text += (fault.one_way ? " > " : " <> ") + fault.target;
  return text;
}

}  // namespace

int Lab::begin(const Fault& fault, bool with_reset) {
  if (!on_paths(fault.kind) && !on_processes(fault.kind)) {
    throw base::InputError("", "",
                           "a fault of kind \"" + std::string(scenario::name_of(fault.kind)) +
                               "\" is for simulations; here: slow, lossy, partition, bandwidth, "
                               "crash, freeze, drain, fail");
  }
  const int number = ++last_fault_;
  Running running{.fault = fault, .with_reset = with_reset, .undo = {}, .end = {}};
  if (on_processes(fault.kind)) begin_on_processes(fault, running.undo);
  if (fault.duration > Duration::zero()) {
    running.end = std::make_unique<boost::asio::steady_timer>(context_, fault.duration);
    running.end->async_wait([this, number](boost::system::error_code error) {
      if (!error) heal(number);
    });
  }
  faults_.emplace(number, std::move(running));
  shape_paths();
  return number;
}

bool Lab::heal(int number) {
  auto found = faults_.extract(number);
  if (found.empty()) return false;
  for (const auto& undo : found.mapped().undo) undo();
  shape_paths();
  return true;
}

void Lab::heal_all() {
  while (!faults_.empty()) heal(faults_.begin()->first);
}

std::string Lab::faults() const {
  std::string text;
  for (const auto& [number, running] : faults_) {
    text += std::to_string(number) + ": " + describe(running.fault) + "\n";
  }
  return text;
}

void Lab::begin_on_processes(const Fault& fault, std::vector<std::function<void()>>& undo) {
  const bool freezes =
      fault.kind == FaultKind::freeze_host || (fault.kind == FaultKind::fail && !fault.refuses);
  std::size_t met = 0;
  for (const std::string& name : scenario::hosts_meant(plan_, fault)) {
    for (Node& node : nodes_) {
      if (node.name != name || !node.process) continue;
      ++met;
      if (freezes) {
        node.process->signal(SIGSTOP);
        undo.push_back([&node] { node.process->signal(SIGCONT); });
        continue;
      }
      node.should_run = false;
      if (fault.kind == FaultKind::drain) {
        node.process->signal(SIGTERM);
      } else {
        node.process->kill();
      }
      undo.push_back([this, &node] {
        node.process->stop(std::chrono::seconds(10));
        start_node(node);
      });
    }
    if (fault.kind == FaultKind::drain) continue;  // only our own daemons know how
    const auto stop_server = [&](auto& server) {
      ++met;
      if (freezes) {
        server.pause();
        undo.push_back([&server] { server.resume(); });
      } else {
        server.kill();
        undo.push_back([&server] { server.start(false); });
      }
    };
    for (std::size_t i = 0; i < databases_.size(); ++i) {
      if (layout_.databases[i].name == name) stop_server(*databases_[i]);
    }
    // One etcd stands for all stores.
    if (name.starts_with("store.")) stop_server(*store_);
  }
  if (met == 0) {
    throw base::InputError("", "", "\"" + fault.source + "\" names no process of this laboratory");
  }
}

void Lab::shape_paths() {
  struct Effect {
    Shaping shaping;
    bool silent = false;
  };
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    const PathPlace& path = layout_.paths[i];
    const Place edge = place_of(layout_.edges, path.edge, &EdgePlace::site);
    const Place origin = place_of(layout_.origins, path.origin, &OriginPlace::region);
    std::array<Effect, 2> effects;
    effects[Relay::forward].shaping.delay = path.forward;
    effects[Relay::backward].shaping.delay = path.backward;
    bool reset = false;
    for (const auto& [number, running] : faults_) {
      const Fault& fault = running.fault;
      if (!on_paths(fault.kind)) continue;
      const scenario::PathEnd source = scenario::path_end(plan_, fault.source);
      const scenario::PathEnd target = scenario::path_end(plan_, fault.target);
      const bool out = holds(source, edge) && holds(target, origin);
      const bool back = holds(source, origin) && holds(target, edge);
      const std::array hit{out || (back && !fault.one_way), back || (out && !fault.one_way)};
      for (std::size_t direction = 0; direction < 2; ++direction) {
        if (!hit[direction]) continue;
        Effect& effect = effects[direction];
        effect.shaping.delay += fault.extra_delay;
        effect.shaping.loss = std::max(effect.shaping.loss, fault.loss);
        if (fault.kind == FaultKind::bandwidth) {
          effect.shaping.bits_per_second = fault.bits_per_second;
        }
        if (fault.kind == FaultKind::partition) {
          effect.silent = true;
          reset |= running.with_reset;
        }
      }
    }
    Relay& relay = *relays_[i];
    const bool was_cut =
        relay.cut(Relay::forward) != Cut::none || relay.cut(Relay::backward) != Cut::none;
    for (const auto direction : {Relay::forward, Relay::backward}) {
      relay.shape(direction, effects[direction].shaping);
    }
    if (reset) {
      if (relay.cut(Relay::forward) != Cut::reset) relay.cut_with_reset();
      continue;
    }
    if (was_cut) relay.heal();
    for (const auto direction : {Relay::forward, Relay::backward}) {
      if (effects[direction].silent) relay.cut_silently(direction);
    }
  }
}

// What `wanlab fault` sends: "list", "heal NUMBER|all", or "begin [reset] FAULT" with the fault as
// a scenario would have it.
std::string Lab::answer(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  try {
    if (verb == "list") return faults_.empty() ? "no faults\n" : faults();
    if (verb == "status") return status() + "\n";
    if (verb == "heal") {
      std::string which;
      words >> which;
      if (which == "all") {
        heal_all();
        return "healed\n";
      }
      return heal(std::atoi(which.c_str())) ? "healed\n"
                                            : "error: there is no fault " + which + "\n";
    }
    if (verb == "begin") {
      std::string rest;
      std::getline(words >> std::ws, rest);
      const bool with_reset = rest.starts_with("reset ");
      if (with_reset) rest.erase(0, 6);
      scenario::Overrides overrides;
      overrides.sets = {"faults=[" + rest + "]", "expect=[]"};
      const scenario::Plan plan = scenario::load_plan(options_.scenario, overrides);
      const int number = begin(plan.faults.at(0), with_reset);
      return "fault " + std::to_string(number) + ": " + describe(plan.faults.at(0)) + "\n";
    }
    return "error: the laboratory does not know \"" + verb + "\"\n";
  } catch (const base::InputError& error) {
    return "error: " + error.message() + "\n";
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what() + "\n";
  }
}

}  // namespace wanlab::emulation
