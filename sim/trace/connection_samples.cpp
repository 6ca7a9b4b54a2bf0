// Choosing, replacing and handing over.
#include "sim/trace/connection_samples.hpp"

#include "sim/base/hash.hpp"

#include <algorithm>

namespace wanlab::trace {

namespace {

// Which of many equal ones are kept: a fair draw that depends on names only.
std::uint64_t draw(std::uint64_t name_hash, std::uint32_t number) {
  return mix(name_hash, number);
}

// More marks than this, and many of them are of connections that are no longer kept.
constexpr std::uint32_t most_marks = 4096;

}  // namespace

std::string_view to_string(ConnectionSample::Why why) {
  switch (why) {
    case ConnectionSample::Why::slow:
      return "slow";
    case ConnectionSample::Why::ordinary:
      return "ordinary";
    case ConnectionSample::Why::failed:
      return "failed";
    case ConnectionSample::Why::lost:
      return "lost";
  }
  return "unknown";
}

ConnectionSamples::Kept* ConnectionSamples::Shelf::place_for(std::uint64_t rank) {
  if (kept.size() < most) {
    ranks.push_back(rank);
    Kept& added = kept.emplace_back();
    find_weakest();
    return &added;
  }
  if (most == 0 || rank <= ranks[weakest]) return nullptr;
  Kept& replaced = kept[weakest];
  replaced = {};
  ranks[weakest] = rank;
  find_weakest();
  return &replaced;
}

void ConnectionSamples::Shelf::find_weakest() {
  weakest = static_cast<std::size_t>(std::min_element(ranks.begin(), ranks.end()) - ranks.begin());
}

void ConnectionSamples::established(Instant now, const Client& client, std::uint32_t number,
                                    Duration took) {
  const auto keep = [&](Shelf& shelf, std::uint64_t rank, ConnectionSample::Why why) {
    if (Kept* place = shelf.place_for(rank)) {
      *place = sample_of(now, client, number);
      place->sample.why = why;
      mark(client.host, number);
    }
  };
  keep(slow_, static_cast<std::uint64_t>(took.count()), ConnectionSample::Why::slow);
  keep(ordinary_, draw(client.name_hash, number), ConnectionSample::Why::ordinary);
  noted_ = {};
}

void ConnectionSamples::failed(Instant now, const Client& client, std::uint32_t number,
                               ConnectFailure cause, std::uint64_t error, std::string_view words) {
  Shelf& shelf = failed_[static_cast<std::size_t>(cause)];
  shelf.most = per_failure;
  if (Kept* place = shelf.place_for(draw(client.name_hash, number))) {
    *place = sample_of(now, client, number);
    place->sample.why = ConnectionSample::Why::failed;
    place->sample.cause = cause;
    place->sample.error = error;
    place->sample.words = words;
  }
  noted_ = {};
}

void ConnectionSamples::broken(Instant now, const Client& client, std::uint32_t number,
                               std::string_view words) {
  closed(now, client, number);
  noted_ = {};
  if (Kept* place = lost_.place_for(draw(client.name_hash, number))) {
    *place = sample_of(now, client, number);
    place->sample.why = ConnectionSample::Why::lost;
    place->sample.words = words;
  }
}

ConnectionSamples::Kept ConnectionSamples::sample_of(Instant now, const Client& client,
                                                     std::uint32_t number) const {
  Kept kept;
  kept.host = client.host;
  kept.server = client.server;
  kept.sample.number = number;
  kept.sample.steps = noted_;
  kept.sample.ended = now;
  if (noted_.session != 0) {
    const std::uint32_t slot = (noted_.session - 1) & session_mask;
    const Grant& grant = grants_[place_of(client.server, slot)];
    const bool this_one = grant.edge == client.server && grant.slot == slot &&
                          grant.at >= noted_.greeted && grant.at <= now;
    if (this_one) kept.sample.granted = grant.at;
  }
  return kept;
}

void ConnectionSamples::mark(std::uint32_t host, std::uint32_t number) {
  if (marked_ == most_marks) {
    marks_.reset();
    marked_ = 0;
    for (const Shelf* shelf : {&slow_, &ordinary_}) {
      for (const Kept& kept : shelf->kept) mark(kept.host, kept.sample.number);
    }
  }
  marks_.set(mark_of(host, number));
  ++marked_;
}

void ConnectionSamples::keep_statement(Instant now, const Client& client, std::uint32_t number,
                                       std::uint32_t statement, Duration took) {
  statements_.push_back(
      {{"", number, statement, "", now - took, took}, client.host, client.server});
  if (statements_.size() < 2 * slowest_statements) return;
  const auto slower = [](const KeptStatement& left, const KeptStatement& right) {
    return left.statement.took > right.statement.took;
  };
  // Of equal ones the first stay; what follows has to be slower than the last that is kept.
  std::stable_sort(statements_.begin(), statements_.end(), slower);
  statements_.resize(slowest_statements);
  slow_enough_ = statements_.back().statement.took;
}

void ConnectionSamples::take(const std::function<const HostLabel&(std::uint32_t)>& label_of,
                             std::vector<ConnectionSample>& samples,
                             std::vector<SlowStatement>& statements) {
  const auto move = [&](Shelf& shelf) {
    for (Kept& kept : shelf.kept) {
      const HostLabel& client = label_of(kept.host);
      kept.sample.client = client.name;
      kept.sample.group = client.group;
      kept.sample.site = client.place;
      if (kept.server != no_server) kept.sample.server = label_of(kept.server).name;
      samples.push_back(std::move(kept.sample));
    }
    shelf = {shelf.most, {}, {}, 0};
  };
  move(slow_);
  move(ordinary_);
  for (Shelf& shelf : failed_) move(shelf);
  move(lost_);
  std::stable_sort(statements_.begin(), statements_.end(),
                   [](const KeptStatement& left, const KeptStatement& right) {
                     return left.statement.took > right.statement.took;
                   });
  for (KeptStatement& kept : statements_) {
    if (statements.size() == slowest_statements) break;
    kept.statement.client = label_of(kept.host).name;
    if (kept.server != no_server) kept.statement.server = label_of(kept.server).name;
    statements.push_back(std::move(kept.statement));
  }
}

}  // namespace wanlab::trace
