// Orders out, results in.
#include "sim/app/mpi/crew.hpp"

#include "sim/app/interruption.hpp"
#include "sim/app/load.hpp"
#include "sim/app/run_folder.hpp"
#include "sim/app/version.hpp"
#include "sim/scenario/plan_json.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <thread>

#include <unistd.h>

namespace wanlab::app {

namespace {

using base::Json;
namespace fs = std::filesystem;

constexpr auto between_looks = std::chrono::milliseconds(10);

std::uint64_t natural(const Json& json, const char* key) {
  const Json* found = json.find(key);
  return found == nullptr ? 0 : found->natural;
}
std::string words(const Json& json, const char* key) {
  const Json* found = json.find(key);
  return found == nullptr ? std::string() : found->text;
}

Json to_json(const EndedRun& run) {
  Json json = Json::make_object();
  json.set("run", Json::make_natural(run.id));
  if (run.status) json.set("status", Json::make_natural(static_cast<std::uint64_t>(*run.status)));
  json.set("signal", Json::make_natural(static_cast<std::uint64_t>(run.signal)));
  json.set("timed_out", Json::make_boolean(run.timed_out));
  json.set("out", Json::make_text(run.out));
  json.set("err", Json::make_text(run.err));
  json.set("wall_ns", Json::make_natural(static_cast<std::uint64_t>(run.wall.count())));
  return json;
}

EndedRun ended_run(const Json& json) {
  EndedRun run;
  run.id = natural(json, "run");
  if (json.find("status") != nullptr) run.status = static_cast<int>(natural(json, "status"));
  run.signal = static_cast<int>(natural(json, "signal"));
  const Json* timed_out = json.find("timed_out");
  run.timed_out = timed_out != nullptr && timed_out->boolean;
  run.out = words(json, "out");
  run.err = words(json, "err");
  run.wall = Duration(static_cast<Duration::rep>(natural(json, "wall_ns")));
  return run;
}

// A folder for plans on the way to their runs, removed at the end.
class PlanFolder {
 public:
  PlanFolder() {
    std::string pattern = (fs::temp_directory_path() / "wanlab-sweep-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw OutputError(pattern, {errno, std::generic_category()});
    }
    path_ = pattern;
  }
  ~PlanFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PlanFolder(const PlanFolder&) = delete;
  PlanFolder& operator=(const PlanFolder&) = delete;
  fs::path file(std::size_t run) const { return path_ / (std::to_string(run) + ".json"); }

 private:
  fs::path path_;
};

}  // namespace

Crew::~Crew() {
  for (std::size_t rank = 1; rank < free_.size(); ++rank) {
    outbox_.send(static_cast<int>(rank), MessageKind::stop, Json::make_object());
  }
  // They may be sending results that nobody asks for any more.
  while (!outbox_.progress()) {
    try {
      receive();
    } catch (const std::exception&) {  // nor is it looked at
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::size_t Crew::free() const {
  return std::accumulate(free_.begin(), free_.end(), std::size_t{0});
}

void Crew::start(const SweepJob& job) {
  // A plan that cannot be made is a run that refused its input, as a process of this machine says
  // it.
  Json order = Json::make_object();
  order.set("run", Json::make_natural(job.number));
  order.set("file", Json::make_text(job.file.string()));
  try {
    const scenario::Plan plan = load_checked_plan(job.file, job.overrides);
    order.set("plan", Json::make_text(base::to_line(scenario::to_json(plan))));
  } catch (const base::InputError& error) {
    EndedRun refused;
    refused.id = job.number;
    refused.status = static_cast<int>(ExitStatus::bad_input);
    refused.err = std::string("wanlab: ") + error.what() + "\n";
    ready_.push_back(std::move(refused));
    return;
  }
  const auto rank = std::max_element(free_.begin(), free_.end());
  --*rank;
  ++running_;
  outbox_.send(static_cast<int>(rank - free_.begin()), MessageKind::order, order);
}

void Crew::hear(Message message) {
  const auto from = static_cast<std::size_t>(message.from);
  if (message.kind == MessageKind::hello) {
    const std::string version = words(message.content, "version");
    if (version != version_text()) {
      throw base::InputError("rank " + std::to_string(message.from), "",
                             "runs " + version + ", rank 0 runs " + version_text() +
                                 ": every machine needs the same build");
    }
    free_[from] = natural(message.content, "jobs");
  } else if (message.kind == MessageKind::result) {
    ++free_[from];
    --running_;
    ready_.push_back(ended_run(message.content));
  }
}

std::optional<EndedRun> Crew::next() {
  outbox_.progress();
  while (auto message = receive()) hear(std::move(*message));
  if (ready_.empty()) return std::nullopt;
  EndedRun run = std::move(ready_.front());
  ready_.pop_front();
  return run;
}

void Crew::interrupt() {
  for (std::size_t rank = 1; rank < free_.size(); ++rank) {
    outbox_.send(static_cast<int>(rank), MessageKind::interrupt, Json::make_object());
  }
}

void CrewWorkers::start(const SweepJob& job) {
  // The others first: rank 0 has the ledger to keep as well.
  if (crew_.free() > 0) {
    crew_.start(job);
  } else {
    own_.start(job);
  }
}

std::optional<EndedRun> CrewWorkers::wait(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  do {
    if (auto run = crew_.next()) return run;
    if (own_.running() > 0) {
      if (auto run = own_.wait(between_looks)) return run;
    } else {
      std::this_thread::sleep_for(between_looks);
    }
    // Somebody who came late may take what waits.
    if (crew_.free() > 0 || Interruption::requested()) return std::nullopt;
  } while (std::chrono::steady_clock::now() < until);
  return std::nullopt;
}

void CrewWorkers::interrupt() {
  own_.interrupt();
  crew_.interrupt();
}

void serve(const SweepOptions& options) {
  const Interruption interruption;
  const PlanFolder plans;
  Outbox outbox;
  ChildRuns children(std::chrono::seconds(options.time_limit_s), LocalWorkers::run_program());
  std::map<std::size_t, std::string> file_of;
  Json hello = Json::make_object();
  hello.set("jobs", Json::make_natural(options.jobs));
  hello.set("version", Json::make_text(version_text()));
  outbox.send(0, MessageKind::hello, hello);
  while (true) {
    outbox.progress();
    if (const auto message = receive()) {
      if (message->kind == MessageKind::stop) break;
      if (message->kind == MessageKind::interrupt) children.interrupt();
      if (message->kind != MessageKind::order) continue;
      const std::size_t run = natural(message->content, "run");
      write_atomically(plans.file(run), words(message->content, "plan"));
      children.start(run, {"run", plans.file(run).string(), "--json", "--quiet", "--no-folder"});
      file_of[run] = words(message->content, "file");
      continue;
    }
    if (children.running() == 0) {
      std::this_thread::sleep_for(between_looks);
      continue;
    }
    auto ended = children.wait(between_looks);
    if (!ended) continue;
    // What it says of its plan is said of the scenario, as rank 0 would.
    const std::string plan = plans.file(ended->id).string();
    for (std::size_t at = 0; (at = ended->err.find(plan, at)) != std::string::npos;) {
      ended->err.replace(at, plan.size(), file_of[ended->id]);
    }
    fs::remove(plan);
    file_of.erase(ended->id);
    outbox.send(0, MessageKind::result, to_json(*ended));
  }
  outbox.flush();
}

}  // namespace wanlab::app
