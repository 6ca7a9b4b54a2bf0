// A program under test: started with its output in a file, and never left behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace wanlab::testing {

class ChildProcess {
 public:
  ChildProcess(std::vector<std::string> command, std::filesystem::path output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void signal(int number) const;
  // Its exit status, or 128 and the signal that ended it; -1 while it runs.
  int status();
  int wait();
  std::string output() const;
  int id() const { return id_; }

 private:
  std::filesystem::path output_;
  int id_ = -1;
  int status_ = -1;
};

// Body of the answer to GET; the status line alone where it is not 200. Empty if nobody answers.
std::string http_get(const std::string& address, std::uint16_t port, const std::string& path);

}  // namespace wanlab::testing
