#include "benchmarks/real/rig.hpp"

#include "real_components/backhaul/acceptor.hpp"
#include "real_components/hosting/certificates.hpp"
#include "sim/emulation/http_get.hpp"
#include "sim/emulation/lab_records.hpp"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace wanlab::bench {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using emulation::ChildOptions;
using emulation::ChildProcess;
using emulation::LoadTarget;
using emulation::ProcessError;

namespace {

constexpr auto ready_limit = 60s;  // a machine may be busy

const std::string user = "app", branch = "main", region = "ams";

}  // namespace

Workplace::Workplace() {
  std::string pattern = (fs::temp_directory_path() / "wanlab-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw ProcessError("no temporary folder");
  path_ = pattern;
  fs::permissions(path_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
}

Workplace::~Workplace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Rig::Rig(const fs::path& folder, const fs::path& programs, std::uint32_t backhaul,
         emulation::LoadLoop& loop)
    : programs_(programs), loop_(loop) {
  layout_.folder = folder;
  fs::create_directories(folder / "logs");
  fs::permissions(folder, fs::perms::owner_all);
  layout_.edges.push_back({.name = "edge",
                           .pop = region,
                           .site = region,
                           .port = emulation::free_port(),
                           .admin_port = emulation::free_port(),
                           .require_tls = false,
                           .backhaul_connections = backhaul});
  layout_.origins.push_back({.name = "origin",
                             .region = region,
                             .port = emulation::free_port(),
                             .admin_port = emulation::free_port()});
  layout_.databases.push_back({.name = "primary",
                               .branch = branch,
                               .region = region,
                               .primary = true,
                               .server_id = 1,
                               .port = emulation::free_port()});
  // Straight to the origin: a relay would be measured too.
  layout_.paths.push_back({.edge = "edge", .origin = "origin", .port = layout_.origins[0].port});
  layout_.users.push_back({user, "a client's password", branch, {region}});
  layout_.backend_password = "the database's password";
  layout_.fleet_key = emulation::random_key();

  start_stores();
  const hosting::DevelopmentAuthority authority(layout_.certificates());
  authority.issue({.name = "localhost", .addresses = {"127.0.0.1", "::1"}});
  for (const char* name : {"edge", "origin"}) authority.issue({.name = name});
  std::ofstream both(certificate());
  for (const char* name : {"localhost.pem", "localhost.key"}) {
    both << std::ifstream(layout_.certificates() / name).rdbuf();
  }
  both.close();
  write_configs(layout_);
  start_nodes();
  run_statements(loop_, direct(),
                 {"CREATE TABLE point (id INT PRIMARY KEY, c CHAR(120) NOT NULL)",
                  "INSERT INTO point SELECT seq, REPEAT('x', 119) FROM seq_1_to_1000"});
}

// Edges first: they ask the others for answers until they end.
Rig::~Rig() {
  if (edge_) edge_->stop(12s);
  if (origin_) origin_->stop(12s);
  if (database_) database_->stop();
  if (store_) store_->stop();
}

void Rig::start_stores() {
  emulation::EtcdServerOptions etcd;
  etcd.folder = layout_.folder / "etcd";
  store_ = std::make_unique<emulation::EtcdServer>(etcd);
  store_->start(false);
  layout_.store = store_->url() + "/global";
  layout_.region_stores[region] = store_->url() + "/" + region;

  emulation::MariadbServerOptions database;
  database.folder = layout_.folder / "database";
  database.port = layout_.databases[0].port;
  database.database = branch;
  database.user = layout_.backend_user;
  database.password = layout_.backend_password;
  database_ = std::make_unique<emulation::MariadbServer>(database);
  database_->start(false);
  store_->wait_until_reachable();
  database_->wait_until_reachable();

  scenario::Plan plan;
  scenario::Credential credential;
  credential.user = user;
  credential.branch = branch;
  credential.regions = {region};
  plan.credentials.push_back(credential);
  seed_records(plan, layout_, backhaul::AcceptorOptions{}.port);
}

void Rig::start_nodes() {
  origin_ = start_node("origin");
  edge_ = start_node("edge");
  wait_until_ready(layout_.origins[0].admin_port, *origin_, "origin");
  wait_until_ready(layout_.edges[0].admin_port, *edge_, "edge");
}

void Rig::restart_edge() {
  edge_->kill();
  edge_ = start_node("edge");
  wait_until_ready(layout_.edges[0].admin_port, *edge_, "edge");
}

std::optional<ChildProcess> Rig::start_node(const std::string& name) const {
  ChildOptions child;
  child.command = {(programs_ / ("wanlab-" + name)).string(), "--config",
                   layout_.config_of(name).string()};
  child.output = layout_.log_of(name);
  return std::optional<ChildProcess>(std::in_place, child);
}

void Rig::wait_until_ready(std::uint16_t admin_port, ChildProcess& process,
                           const std::string& name) const {
  const auto end = std::chrono::steady_clock::now() + ready_limit;
  while (true) {
    const auto reply = emulation::http_get(admin_port, "/healthz", 2s);
    if (reply && reply->status == 200) return;
    const bool ended = !process.running();
    if (ended || std::chrono::steady_clock::now() > end) {
      throw ProcessError(name + (ended ? " ended at once" : " does not become ready") +
                         "; the end of its log:\n" +
                         emulation::last_lines(layout_.log_of(name), 5));
    }
    std::this_thread::sleep_for(20ms);
  }
}

LoadTarget Rig::through_edge(bool tls) const {
  LoadTarget target;
  target.port = layout_.edges[0].port;
  target.security = tls ? emulation::Security::asked_for : emulation::Security::none;
  target.user = user;
  target.password = layout_.users[0].password;
  target.database = branch;
  return target;
}

LoadTarget Rig::direct() const {
  LoadTarget target;
  target.port = database_->port();
  target.user = layout_.backend_user;
  target.password = layout_.backend_password;
  target.database = branch;
  return target;
}

double Rig::metric(const std::string& name) const {
  const auto reply = emulation::http_get(layout_.edges[0].admin_port, "/metrics", 5s);
  if (!reply) return 0;
  const std::size_t at = reply->body.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::stod(reply->body.substr(at + name.size() + 2));
}

void run_statements(emulation::LoadLoop& loop, const LoadTarget& target,
                    const std::vector<std::string>& statements) {
  emulation::LoadCrowd crowd(loop, target);
  crowd.open(1, 1);
  loop.run_until([&] { return crowd.settled(); }, 30s);
  if (crowd.figures().established != 1) {
    throw ProcessError("cannot log in: " + crowd.figures().first_failure);
  }
  for (std::size_t i = 0; i < statements.size(); ++i) {
    crowd.ask_once(statements[i]);
    const bool over =
        loop.run_until([&] { return crowd.quiet() || crowd.figures().lost != 0; }, 60s);
    if (!over || crowd.figures().errors != 0 || crowd.figures().answered != i + 1) {
      throw ProcessError("the server refused: " + statements[i]);
    }
  }
}

}  // namespace wanlab::bench
