// wanlab_bench: what `./wanlab bench` becomes. Knows its few options and nothing of measuring.
#include "benchmarks/print.hpp"
#include "benchmarks/suite.hpp"

#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <string>

#include <unistd.h>

namespace wanlab::bench {
namespace {

struct Request {
  SuiteOptions suite;
  bool peers = false, json = false;
  std::string command = "./wanlab bench";  // to repeat it, without --only
};

std::optional<Request> read(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--peers") {
      request.peers = true;
    } else if (word == "--json") {
      request.json = true;
    } else if (word == "--quick") {
      request.suite.quick = true;
    } else if (word == "--only" && i + 1 < argc) {
      request.suite.only = argv[++i];
      continue;
    } else {
      return std::nullopt;
    }
    request.command.append(" ").append(word);
  }
  for (const std::string& key : subject_keys()) {
    if (request.suite.only.empty() || request.suite.only == key) return request;
  }
  return std::nullopt;
}

int usage() {
  std::cerr << "usage: wanlab bench [--peers] [--json] [--quick] [--only SUBJECT]\nsubjects:";
  for (const std::string& key : subject_keys()) std::cerr << ' ' << key;
  std::cerr << '\n';
  return 2;
}

void run(Request& request) {
  std::optional<Peers> peers;
  Conditions conditions = conditions_here();
  if (request.peers) {
    try {
      conditions.peers = "measured";
      request.suite.peers = &peers.emplace(WANLAB_SOURCE_DIR, WANLAB_SOURCE_DIR "/build/peers");
    } catch (const PeerFailure& failure) {
      std::cerr << "wanlab bench: " << failure.what() << "; going on without them\n";
      conditions.peers = "missing";
    }
  }
  conditions.core = pin_to_one_core();
  conditions.rounds = request.suite.rounds();
  conditions.command = request.command;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const auto progress = [&](const std::string& what) {
    std::cerr << (terminal ? "\r\033[K" : "") << "wanlab bench: measuring " << what
              << (terminal ? "" : "\n") << std::flush;
  };
  const std::vector<Subject> subjects = run_suite(request.suite, progress);
  const std::vector<Aim> aims = judge(subjects);
  if (terminal) std::cerr << "\r\033[K" << std::flush;
  if (request.json) {
    std::cout << to_json(conditions, subjects, aims) << '\n';
    return;
  }
  print_conditions(std::cout, conditions);
  for (const Subject& subject : subjects) print_subject(std::cout, subject, conditions);
  print_aims(std::cout, aims);
  if (conditions.peers == "missing") {
    std::cout << "\nThe other simulators are missing: they could not be had here.\n";
  }
}

}  // namespace
}  // namespace wanlab::bench

int main(int argc, char** argv) {
  auto request = wanlab::bench::read(argc, argv);
  if (!request) return wanlab::bench::usage();
  try {
    wanlab::bench::run(*request);
  } catch (const std::exception& error) {
    std::cerr << "wanlab bench: " << error.what() << '\n';
    return 3;
  }
  return 0;
}
