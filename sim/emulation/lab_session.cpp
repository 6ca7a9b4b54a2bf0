#include "sim/emulation/lab_session.hpp"

#include <boost/asio/signal_set.hpp>

#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>

namespace wanlab::emulation {
namespace {

class Session {
 public:
  Session(const SessionOptions& options, const scenario::Plan& plan)
      : options_(options), lab_(context_, plan, options.lab) {}

  int run() {
    signals_.async_wait([this](boost::system::error_code error, int) {
      if (error) return;
      interrupted_ = true;
      context_.stop();
    });
    lab_.start([this](const std::string& what) {
      if (!options_.quiet) std::cerr << "wanlab: " << what << std::endl;
      if (interrupted_) throw ProcessError("interrupted");
    });
    int status = 0;
    if (!options_.command.empty()) {
      ChildOptions child;
      child.command = {"/bin/sh", "-c", options_.command};
      child.environment = lab_.environment();
      child.own_group = false;  // it is the user's: Ctrl-C reaches it too
      command_.emplace(child);
    } else {
      std::cout << lab_.instructions() << std::flush;
    }
    watch();
    context_.restart();
    context_.run();
    if (::isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
    if (command_) {
      if (interrupted_) command_->stop(std::chrono::seconds(2));
      status = command_->wait(std::chrono::seconds(0)).value_or(130);
    }
    if (!trouble_.empty()) {
      std::cerr << "wanlab: " << trouble_ << '\n';
      status = 3;
    }
    if (!options_.quiet) std::cerr << "wanlab: taking everything down" << std::endl;
    lab_.stop();
    return status;
  }

 private:
  void watch() {
    tick_.expires_after(command_ ? std::chrono::milliseconds(50) : std::chrono::milliseconds(1000));
    tick_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      if (command_ && !command_->running()) return context_.stop();
      if (const std::string name = lab_.casualties(); !name.empty() && !command_) {
        trouble_ = name + " ended by itself; see " + lab_.layout().log_of(name).string();
        return context_.stop();
      }
      if (!command_ && !options_.quiet && ::isatty(STDERR_FILENO) != 0) {
        std::cerr << "\r\033[K" << lab_.status() << std::flush;
      }
      watch();
    });
  }

  const SessionOptions& options_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
  boost::asio::steady_timer tick_{context_};
  Lab lab_;
  std::optional<ChildProcess> command_;
  std::string trouble_;
  bool interrupted_ = false;
};

}  // namespace

int run_session(const scenario::Plan& plan, const SessionOptions& options) {
  return Session(options, plan).run();
}

}  // namespace wanlab::emulation
