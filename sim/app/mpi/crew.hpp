// The processes of one MPI job as workers of a sweep. Rank 0 holds the ledger and sends out plans
// as text, so that the others need neither its files nor a shared file system.
#pragma once

#include "sim/app/mpi/outbox.hpp"
#include "sim/app/sweep.hpp"

#include <deque>
#include <vector>

namespace wanlab::app {

// Rank 0. From its construction to its end the other ranks serve it.
class Crew {
 public:
  explicit Crew(int ranks) : free_(static_cast<std::size_t>(ranks), 0) {}
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  std::size_t free() const;
  std::size_t running() const { return running_ + ready_.size(); }
  void start(const SweepJob& job);
  // Results that have come in.
  std::optional<EndedRun> next();
  void interrupt();

 private:
  void hear(Message message);

  Outbox outbox_;
  std::vector<std::size_t> free_;  // by rank: runs it could begin now
  std::deque<EndedRun> ready_;
  std::size_t running_ = 0;
};

// Rank 0's own processes and the crew. The crew must outlive it.
class CrewWorkers : public SweepWorkers {
 public:
  CrewWorkers(Crew& crew, const SweepOptions& options)
      : crew_(crew), own_(options.jobs, std::chrono::seconds(options.time_limit_s)) {}

  bool has_room() const override { return own_.has_room() || crew_.free() > 0; }
  std::size_t running() const override { return own_.running() + crew_.running(); }
  void start(const SweepJob& job) override;
  std::optional<EndedRun> wait(std::chrono::milliseconds patience) override;
  void interrupt() override;

 private:
  Crew& crew_;
  LocalWorkers own_;
};

// The other ranks: runs what rank 0 sends until it says stop.
void serve(const SweepOptions& options);

}  // namespace wanlab::app
