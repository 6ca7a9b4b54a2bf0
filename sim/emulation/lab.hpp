// A laboratory of real processes on loopback: etcd, MariaDB servers, origins and edges of a small
// plan, with a relay for each path from an edge to an origin that takes its delay from the
// topology.
//
// Whatever ends this process, its children end with it. Everything happens in the thread that made
// it.
#pragma once

#include "sim/emulation/child_process.hpp"
#include "sim/emulation/control_socket.hpp"
#include "sim/emulation/etcd_server.hpp"
#include "sim/emulation/lab_layout.hpp"
#include "sim/emulation/mariadb_server.hpp"
#include "sim/emulation/relay.hpp"
#include "sim/scenario/plan.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace wanlab::emulation {

struct LabOptions {
  std::filesystem::path scenario;  // what the plan was made from
  std::filesystem::path folder;    // empty or new; certificates, configurations, data and logs
  std::filesystem::path programs;  // where wanlab-edge and wanlab-origin are
  std::uint16_t first_port = 0;    // of edges; 0: free ones
};

class Lab {
 public:
  // Starts nothing yet. Throws base::InputError for a plan that cannot be had.
  Lab(boost::asio::io_context& context, const scenario::Plan& plan, LabOptions options);
  // Ends all processes, edges first.
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // `tell` hears what is under way. Throws ProcessError.
  void start(const std::function<void(const std::string&)>& tell);
  void stop();

  const LabLayout& layout() const { return layout_; }
  // For commands run against it: WANLAB_HOST and so on, of the first edge and the first user.
  std::vector<std::string> environment() const;
  // How to connect with the usual clients, for people.
  std::string instructions() const;
  // One line on what goes on; asks the edges, so that it takes some milliseconds.
  std::string status() const;
  // A process that should run and does not; empty if all is well.
  std::string casualties();

  // Begins a fault now; it heals by itself after its duration, if it has one. Throws
  // base::InputError for a kind that real processes do not offer. Gives its number.
  int begin(const scenario::Fault& fault, bool with_reset);
  // False if there is no such fault.
  bool heal(int number);
  void heal_all();
  // "3: slow us-east-1 us-west-2", one line each.
  std::string faults() const;

 private:
  struct Running {
    scenario::Fault fault;
    bool with_reset = false;
    std::vector<std::function<void()>> undo;  // of faults on processes
    std::unique_ptr<boost::asio::steady_timer> end;
  };
  struct Node {  // a daemon of ours
    std::string name, place;
    std::string program;
    std::uint16_t admin_port = 0;
    std::optional<ChildProcess> process;
    bool should_run = true;
  };

  void start_stores();
  void start_databases();
  void start_relays();
  void issue_certificates() const;
  void seed();
  void start_node(Node& node);
  void wait_until_ready(Node& node);
  std::string answer(const std::string& line);

  void begin_on_processes(const scenario::Fault& fault, std::vector<std::function<void()>>& undo);
  // Gives every relay what the topology and the faults of the moment make of its path.
  void shape_paths();

  boost::asio::io_context& context_;
  const scenario::Plan& plan_;
  LabOptions options_;
  LabLayout layout_;
  std::unique_ptr<EtcdServer> store_;
  std::vector<std::unique_ptr<MariadbServer>> databases_;
  std::vector<std::unique_ptr<Relay>> relays_;  // as layout_.paths
  std::list<Node> nodes_;
  std::unique_ptr<ControlSocket> control_;
  std::map<int, Running> faults_;
  int last_fault_ = 0;
};

}  // namespace wanlab::emulation
