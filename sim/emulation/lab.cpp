#include "sim/emulation/lab.hpp"

#include "real_components/backhaul/acceptor.hpp"
#include "real_components/hosting/certificates.hpp"
#include "sim/emulation/http_get.hpp"
#include "sim/emulation/lab_records.hpp"

#include <algorithm>
#include <thread>

namespace wanlab::emulation {

namespace fs = std::filesystem;

namespace {

constexpr auto ready_limit = std::chrono::seconds(60);   // a machine may be busy
constexpr Duration patience = std::chrono::seconds(12);  // longer than a daemon's drain_period

}  // namespace

Lab::Lab(boost::asio::io_context& context, const scenario::Plan& plan, LabOptions options)
    : context_(context),
      plan_(plan),
      options_(std::move(options)),
      layout_(lay_out(plan, fs::absolute(options_.folder), options_.first_port)) {}

Lab::~Lab() {
  stop();
}

void Lab::start(const std::function<void(const std::string&)>& tell) {
  fs::create_directories(layout_.folder / "logs");
  // What is in there logs in somewhere.
  fs::permissions(layout_.folder, fs::perms::owner_all);
  tell("starting etcd and " + std::to_string(layout_.databases.size()) + " MariaDB servers");
  start_stores();
  start_databases();
  issue_certificates();
  start_relays();
  layout_.fleet_key = random_key();
  write_configs(layout_);
  tell("writing routes and credentials");
  seed();
  tell("starting " + std::to_string(layout_.origins.size()) + " origins and " +
       std::to_string(layout_.edges.size()) + " edges");
  for (const OriginPlace& origin : layout_.origins) {
    nodes_.push_back({origin.name, origin.region, "wanlab-origin", origin.admin_port, {}, true});
  }
  for (const EdgePlace& edge : layout_.edges) {
    nodes_.push_back({edge.name, edge.pop, "wanlab-edge", edge.admin_port, {}, true});
  }
  for (Node& node : nodes_) start_node(node);
  for (Node& node : nodes_) wait_until_ready(node);
  control_ = std::make_unique<ControlSocket>(
      context_, layout_.control_socket(), [this](const std::string& line) { return answer(line); });
  write_state(layout_, fs::absolute(options_.scenario));
}

void Lab::stop() {
  control_.reset();
  faults_.clear();
  // In this order, so that nobody loses what it works with: a drain waits for answers.
  for (const std::string_view program : {"wanlab-edge", "wanlab-origin"}) {
    for (Node& node : nodes_) {
      if (node.program != program || !node.process) continue;
      node.should_run = false;
      node.process->signal(SIGCONT);
      node.process->signal(SIGTERM);
    }
    for (Node& node : nodes_) {
      // One signal asks for a drain, a second one would cut it short.
      if (node.program == program && node.process && !node.process->wait(patience)) {
        node.process->kill();
      }
    }
  }
  nodes_.clear();
  relays_.clear();
  for (const auto& database : databases_) {
    database->resume();
    database->stop();
  }
  databases_.clear();
  if (store_) {
    store_->resume();
    store_->stop();
    store_.reset();
  }
  std::error_code gone;
  fs::remove(layout_.state(), gone);
}

void Lab::start_stores() {
  EtcdServerOptions options;
  options.folder = layout_.folder / "etcd";
  store_ = std::make_unique<EtcdServer>(options);
  store_->start(false);
  layout_.store = store_->url() + "/global";
  for (const OriginPlace& origin : layout_.origins) {
    layout_.region_stores[origin.region] = store_->url() + "/" + origin.region;
  }
}

void Lab::start_databases() {
  std::map<std::string, std::uint16_t> primaries;
  for (DatabasePlace& place : layout_.databases) {
    MariadbServerOptions options;
    options.folder = layout_.folder / "databases" / place.name;
    options.name = place.name;
    options.port = place.port;
    options.server_id = place.server_id;
    options.database = place.branch;
    options.user = layout_.backend_user;
    options.password = layout_.backend_password;
    if (place.primary) {
      primaries[place.branch] = place.port;
    } else {
      options.follows = primaries.at(place.branch);
    }
    databases_.push_back(std::make_unique<MariadbServer>(options));
    databases_.back()->start(false);
  }
  store_->wait_until_reachable();
  for (const auto& database : databases_) database->wait_until_reachable();
}

void Lab::issue_certificates() const {
  const hosting::DevelopmentAuthority authority(layout_.certificates());
  authority.issue({.name = "localhost", .addresses = {"127.0.0.1", "::1"}});
  for (const EdgePlace& edge : layout_.edges) authority.issue({.name = edge.name});
  for (const OriginPlace& origin : layout_.origins) authority.issue({.name = origin.name});
}

void Lab::start_relays() {
  const auto port_of = [this](const std::string& origin) {
    return std::find_if(layout_.origins.begin(), layout_.origins.end(),
                        [&](const OriginPlace& place) { return place.name == origin; })
        ->port;
  };
  for (PathPlace& path : layout_.paths) {
    RelayOptions options;
    options.name = path.edge + " > " + path.origin;
    options.target = {boost::asio::ip::address_v4::loopback(), port_of(path.origin)};
    options.forward.delay = path.forward;
    options.backward.delay = path.backward;
    options.seed = plan_.seed;
    relays_.push_back(std::make_unique<Relay>(context_, options));
    path.port = relays_.back()->port();
  }
}

void Lab::seed() {
  seed_records(plan_, layout_, backhaul::AcceptorOptions{}.port);
}

void Lab::start_node(Node& node) {
  ChildOptions child;
  child.command = {(options_.programs / node.program).string(), "--config",
                   layout_.config_of(node.name).string()};
  child.output = layout_.log_of(node.name);
  node.process.emplace(child);
  node.should_run = true;
}

// Meanwhile the relays have to run, or nothing that needs a backhaul becomes ready.
void Lab::wait_until_ready(Node& node) {
  const auto end = std::chrono::steady_clock::now() + ready_limit;
  while (true) {
    const auto reply = http_get(node.admin_port, "/healthz", std::chrono::seconds(2));
    if (reply && reply->status == 200) return;
    context_.run_for(std::chrono::milliseconds(20));
    context_.restart();
    const bool ended = !node.process->running();
    if (ended || std::chrono::steady_clock::now() > end) {
      throw ProcessError(node.name + (ended ? " ended at once" : " does not become ready") +
                         "; the end of " + layout_.log_of(node.name).string() + ":\n" +
                         last_lines(layout_.log_of(node.name), 5));
    }
  }
}

std::vector<std::string> Lab::environment() const {
  const auto primary =
      std::find_if(layout_.databases.begin(), layout_.databases.end(), [&](const auto& database) {
        return database.primary &&
               (layout_.users.empty() || database.branch == layout_.users.front().branch);
      });
  std::vector<std::string> variables{
      "WANLAB_LAB=" + layout_.folder.string(),
      "WANLAB_HOST=127.0.0.1",
      "WANLAB_PORT=" + std::to_string(layout_.edges.front().port),
      "WANLAB_CA=" + layout_.authority().string(),
  };
  if (!layout_.users.empty()) {
    const UserPlace& user = layout_.users.front();
    variables.push_back("WANLAB_USER=" + user.user);
    variables.push_back("WANLAB_PASSWORD=" + user.password);
    variables.push_back("WANLAB_DATABASE=" + user.branch);
  }
  for (std::size_t i = 0; i < layout_.edges.size(); ++i) {
    variables.push_back("WANLAB_PORT_" + std::to_string(i + 1) + "=" +
                        std::to_string(layout_.edges[i].port));
  }
  for (const UserPlace& user : layout_.users) {
    variables.push_back("WANLAB_PASSWORD_" + user.user + "=" + user.password);
  }
  if (primary != layout_.databases.end()) {
    variables.push_back("WANLAB_DIRECT_HOST=127.0.0.1");
    variables.push_back("WANLAB_DIRECT_PORT=" + std::to_string(primary->port));
    variables.push_back("WANLAB_DIRECT_USER=" + layout_.backend_user);
    variables.push_back("WANLAB_DIRECT_PASSWORD=" + layout_.backend_password);
  }
  return variables;
}

std::string Lab::casualties() {
  for (Node& node : nodes_) {
    if (node.should_run && node.process && !node.process->running()) return node.name;
  }
  return {};
}

}  // namespace wanlab::emulation
