// Other simulators, fetched and built on demand (benchmarks/peers/build), and run as programs of
// their own that wait until they are asked for the next round.
#pragma once

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace wanlab::bench {

// The message is for the user.
struct PeerFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// One running peer program. It is started by the first round and ended with this object.
class PeerProcess {
 public:
  explicit PeerProcess(std::vector<std::string> command) : command_(std::move(command)) {}
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess();

  double round();  // nanoseconds of CPU per operation; throws PeerFailure
  double memory_bytes() const { return memory_bytes_; }

 private:
  void start();
  std::string read_line();
  [[noreturn]] void fail(const std::string& why) const;

  std::vector<std::string> command_;
  int process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  double memory_bytes_ = 0;
};

class Peers {
 public:
  // Fetches and builds what is not there yet; throws PeerFailure. Progress goes to standard error.
  Peers(const std::string& source_root, std::string folder);
  std::shared_ptr<PeerProcess> program(const std::string& name,
                                       std::vector<std::string> arguments) const;

 private:
  std::string folder_;
};

}  // namespace wanlab::bench
