// wanlab_bench_real: what `./wanlab bench real` becomes. Starts the servers, has them measured,
// takes everything down.
#include "benchmarks/print.hpp"
#include "benchmarks/real/figures.hpp"
#include "real_components/hosting/socket_options.hpp"

#include <unistd.h>

#include <charconv>
#include <csignal>
#include <iostream>
#include <optional>

namespace wanlab::bench {
namespace {

namespace fs = std::filesystem;

volatile std::sig_atomic_t interrupted = 0;
struct Interrupted {};
void heed_interruption() {
  if (interrupted != 0) throw Interrupted();
}

struct Request {
  bool json = false, quick = false, peers = true;
  std::uint32_t backhaul = 0;  // the edge's default
  std::string only;
  std::string command = "./wanlab bench real";
  bool wants(const char* subject) const { return only.empty() || only == subject; }
};

constexpr const char* subjects[] = {"queries", "handshakes", "idle", "hostile"};

std::optional<Request> read(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      request.json = true;
    } else if (word == "--quick") {
      request.quick = true;
    } else if (word == "--no-peers") {
      request.peers = false;
    } else if (word == "--backhaul" && i + 1 < argc) {
      const std::string number = argv[++i];
      const auto [end, error] =
          std::from_chars(number.data(), number.data() + number.size(), request.backhaul);
      const bool whole = error == std::errc() && end == number.data() + number.size();
      if (!whole || request.backhaul < 1 || request.backhaul > 64) return std::nullopt;
      request.command += " --backhaul " + number;
      continue;
    } else if (word == "--only" && i + 1 < argc) {
      request.only = argv[++i];
      request.command += " --only " + request.only;
      continue;
    } else {
      return std::nullopt;
    }
    request.command.append(" ").append(word);
  }
  if (request.only.empty()) return request;
  for (const char* subject : subjects) {
    if (request.only == subject) return request;
  }
  return std::nullopt;
}

int usage() {
  std::cerr
      << "usage: wanlab bench real [--quick] [--json] [--no-peers] [--backhaul N] [--only "
         "SUBJECT]\n"
         "Starts etcd, MariaDB, wanlab-origin and wanlab-edge on loopback and measures them, and\n"
         "HAProxy, PgBouncer and PostgreSQL beside them (from Debian's packages, unpacked under\n"
         "build/peers/proxies). N: connections from the edge to the origin, 1 to 64. A full run "
         "takes about\n"
         "ten minutes.\nsubjects:";
  for (const char* subject : subjects) std::cerr << ' ' << subject;
  std::cerr << '\n';
  return 2;
}

struct Tell {
  bool terminal = ::isatty(STDERR_FILENO) != 0;
  void operator()(const std::string& what) const {
    heed_interruption();
    std::cerr << (terminal ? "\r\033[K" : "") << "wanlab bench: " << what << (terminal ? "" : "\n")
              << std::flush;
  }
};

// Whatever of it can be had.
void start_others(Others& others, std::optional<ProxyPackages>& packages, const fs::path& folder,
                  const Rig& rig, emulation::LoadLoop& loop, const emulation::LoadSink& sink,
                  std::vector<std::string>& missing) {
  const auto attempt = [&](const char* name, const std::function<void()>& start) {
    try {
      start();
    } catch (const emulation::ProcessError& error) {
      missing.push_back(std::string(name) + ": " + error.what());
    }
  };
  attempt("the other proxies",
          [&] { packages.emplace(WANLAB_SOURCE_DIR, WANLAB_SOURCE_DIR "/build/peers/proxies"); });
  if (!packages) return;
  attempt("HAProxy", [&] {
    others.haproxy = std::make_unique<HaproxyServer>(
        *packages, folder / "haproxy", rig.database_port(), sink.port(), rig.certificate());
  });
  attempt("PostgreSQL", [&] {
    others.postgres = std::make_unique<PostgresServer>(*packages, folder / "postgres", loop);
  });
  if (!others.postgres) return;
  attempt("PgBouncer", [&] {
    others.pgbouncer =
        std::make_unique<PgbouncerServer>(*packages, folder / "pgbouncer", *others.postgres);
  });
}

void measure(const Request& request, RealFigures& figures) {
  const Tell tell;
  const Workplace workplace;
  emulation::LoadLoop loop;
  loop.meanwhile = heed_interruption;
  tell("starting etcd, MariaDB, an origin and an edge");
  Rig rig(workplace.path() / "rig", fs::read_symlink("/proc/self/exe").parent_path(),
          request.backhaul, loop);
  emulation::LoadSink sink(loop);
  std::optional<ProxyPackages> packages;
  Others others;
  if (request.peers) {
    tell("starting the other proxies");
    start_others(others, packages, workplace.path(), rig, loop, sink, figures.missing);
  }
  RealOptions options;
  options.quick = request.quick;
  options.progress = tell;
  // What fails does not keep the rest from being measured.
  const auto attempt = [&](const char* subject, const std::function<void()>& measured) {
    if (!request.wants(subject)) return;
    try {
      measured();
    } catch (const emulation::ProcessError& error) {
      figures.missing.push_back(std::string(subject) + ": " + error.what());
    }
  };
  attempt("queries", [&] { figures.queries = measure_queries(options, loop, rig, others); });
  attempt("handshakes",
          [&] { figures.handshakes = measure_handshakes(options, loop, rig, others); });
  attempt("hostile", [&] {
    figures.hostile = std::make_unique<HostileFigures>(measure_hostile(options, loop, rig));
  });
  attempt("idle", [&] { figures.idle = measure_idle(options, loop, rig, others, sink); });
  if (tell.terminal) std::cerr << "\r\033[K" << std::flush;
}

int run(const Request& request) {
  hosting::raise_descriptor_limit();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { interrupted = 1; });
  }
  std::signal(SIGPIPE, SIG_IGN);
  const Conditions here = conditions_here();
  RealFigures figures;
  int status = 0;
  try {
    measure(request, figures);
  } catch (const Interrupted&) {
    std::cerr << "\nwanlab bench: interrupted; what was measured:\n";
    status = 130;
  }
  const RealConditions conditions{here.machine, request.command, here.load};
  if (request.json) {
    std::cout << to_json(conditions, figures) << '\n';
  } else {
    print(std::cout, conditions, figures);
  }
  return status != 0 || figures.missing.empty() ? status : 1;
}

}  // namespace
}  // namespace wanlab::bench

int main(int argc, char** argv) {
  const auto request = wanlab::bench::read(argc, argv);
  if (!request) return wanlab::bench::usage();
  try {
    return wanlab::bench::run(*request);
  } catch (const std::exception& error) {
    std::cerr << "wanlab bench: " << error.what() << '\n';
    return 3;
  }
}
