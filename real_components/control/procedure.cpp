// The steps that administration is made of.
#include <algorithm>
#include <memory>
#include <utility>

#include "real_components/control/administration.hpp"

namespace wanlab::control {

using Kind = AdministrationError::Kind;

std::string name_of_store(std::string_view place) {
  return place.empty() ? std::string("the global store")
                       : std::string("the store of region ").append(place);
}

std::optional<StoreStep> Procedure::resume(StoreResult result) {
  const Then then = std::exchange(then_, nullptr);
  try {
    return then(std::move(result));
  } catch (const AdministrationError& error) {
    return on_failure(error);
  }
}

Procedure::Next Procedure::ask(std::string place, StoreCall call, Then then) {
  then_ = std::move(then);
  return StoreStep{std::move(place), std::move(call)};
}

namespace {

[[noreturn]] void fail(const std::string& place, StoreStatus status) {
  if (status == StoreStatus::permission_denied) {
    throw AdministrationError(Kind::unavailable, name_of_store(place) + " does not permit that",
                              place);
  }
  const bool silent = status == StoreStatus::unavailable || status == StoreStatus::unknown_outcome;
  throw AdministrationError(
      Kind::unavailable,
      name_of_store(place) + (silent ? std::string(" does not answer")
                                     : std::string(" refuses: ").append(wire::to_string(status))),
      place);
}

}  // namespace

Procedure::Next Procedure::ask_surely(std::string place, StoreCall call, Then then, int attempts) {
  return ask(place, call,
             [this, place, call, then = std::move(then), attempts](StoreResult result) -> Next {
               if (result.status == StoreStatus::unknown_outcome && attempts > 1) {
                 return ask_surely(place, call, then, attempts - 1);
               }
               if (result.status != StoreStatus::ok) fail(place, result.status);
               return then(std::move(result));
             });
}

Procedure::Next Procedure::get(const std::string& place, const std::string& key,
                               std::function<Next(Found)> then) {
  return ask_surely(place, wire::RangeRequest{key},
                    [then = std::move(then)](const StoreResult& result) {
                      Found found;
                      const auto& range = std::get<wire::RangeResult>(result.body);
                      if (!range.values.empty()) {
                        const KeyValue& kv = range.values[0];
                        found = {kv.value, kv.mod_revision, kv.create_revision};
                      }
                      return then(std::move(found));
                    });
}

Procedure::Next Procedure::list(const std::string& place, const std::string& prefix,
                                std::function<Next(std::vector<KeyValue>)> then) {
  constexpr std::int64_t page = 1'000;
  struct Listing {
    std::vector<KeyValue> values;
    Revision revision = 0;
    std::function<Next(std::string)> more;
  };
  auto listing = std::make_shared<Listing>();
  // Weak, or it would hold itself.
  listing->more = [this, place, prefix, then = std::move(then),
                   weak = std::weak_ptr<Listing>(listing)](std::string key) {
    const std::shared_ptr<Listing> mine = weak.lock();
    wire::RangeRequest request{std::move(key), prefix_end(prefix), mine->revision, page};
    return ask_surely(place, std::move(request), [mine, then](const StoreResult& result) -> Next {
      const auto& range = std::get<wire::RangeResult>(result.body);
      if (mine->revision == 0) mine->revision = result.revision;
      mine->values.insert(mine->values.end(), range.values.begin(), range.values.end());
      if (!range.more || range.values.empty()) return then(std::move(mine->values));
      return mine->more(range.values.back().key + '\0');
    });
  };
  return listing->more(prefix);
}

Procedure::Next Procedure::put(const std::string& place, const std::string& key,
                               const std::string& value, Revision expected,
                               std::function<Next(Revision)> then) {
  return put_again(place, key, value, expected, std::move(then), 1);
}

Procedure::Next Procedure::put_again(const std::string& place, const std::string& key,
                                     const std::string& value, Revision expected,
                                     std::function<Next(Revision)> then, int attempt) {
  constexpr int attempts = 3;
  wire::TxnRequest txn;
  txn.compares = {
      {Compare::Target::mod_revision, Compare::Relation::equal, key, expected, std::string()}};
  txn.success = {wire::PutRequest{key, value, 0}};
  txn.failure = {wire::RangeRequest{key}};
  return ask(place, std::move(txn), [=, this](StoreResult result) -> Next {
    if (result.status == StoreStatus::unknown_outcome && attempt < attempts) {
      return put_again(place, key, value, expected, then, attempt + 1);
    }
    if (result.status != StoreStatus::ok) fail(place, result.status);
    const auto& answer = std::get<wire::TxnResult>(result.body);
    if (answer.succeeded) return then(result.revision);
    // An earlier attempt whose answer was lost may have been the one that was faster.
    const auto& range = std::get<wire::RangeResult>(answer.results.at(0));
    const bool ours = attempt > 1 && !range.values.empty() && range.values[0].value == value;
    return then(ours ? range.values[0].mod_revision : Revision{0});
  });
}

Procedure::Next Procedure::remove(const std::string& place, const std::string& key,
                                  Revision expected, std::function<Next(bool)> then) {
  wire::TxnRequest txn;
  if (expected != 0) {
    txn.compares = {
        {Compare::Target::mod_revision, Compare::Relation::equal, key, expected, std::string()}};
  }
  txn.success = {wire::DeleteRequest{key, std::string()}};
  return ask_surely(place, std::move(txn), [then = std::move(then)](const StoreResult& result) {
    const auto& answer = std::get<wire::TxnResult>(result.body);
    return then(answer.succeeded &&
                std::get<wire::DeleteResult>(answer.results.at(0)).deleted != 0);
  });
}

Procedure::Next Procedure::for_each(std::vector<std::string> places,
                                    std::function<Next(const std::string& place, Done next)> step,
                                    Done then) {
  if (places.empty()) return then();
  const std::string first = places.front();
  places.erase(places.begin());
  return step(first, [this, places = std::move(places), step, then] {
    return for_each(places, step, then);
  });
}

// --- what is there ------------------------------------------------------------------------------

bool UserRecords::sound() const {
  if (!unreadable.empty() || !route || route->clusters.size() != credentials.size()) return false;
  return std::all_of(
      route->clusters.begin(), route->clusters.end(), [&](const std::string& region) {
        const auto found = credentials.find(region);
        return found != credentials.end() && found->second == credentials.begin()->second;
      });
}

Procedure::Next Survey::start() {
  return list("", std::string(route_prefix), [this](const std::vector<KeyValue>& routes) {
    for (const KeyValue& kv : routes) {
      const std::string name = kv.key.substr(route_prefix.size());
      if (!wanted(name)) continue;
      UserRecords& user = users_[name];
      user.route_revision = kv.mod_revision;
      wire::Route route;
      if (wire::decode(as_bytes(kv.value), route)) {
        user.route = std::move(route);
      } else {
        user.unreadable.emplace_back();
      }
    }
    return for_each(
        regions_,
        [this](const std::string& region, const Done& next) {
          return list(region, std::string(credential_prefix),
                      [this, region, next](const std::vector<KeyValue>& credentials) {
                        for (const KeyValue& kv : credentials) {
                          const std::string name = kv.key.substr(credential_prefix.size());
                          if (!wanted(name)) continue;
                          wire::Credential credential;
                          if (wire::decode(as_bytes(kv.value), credential)) {
                            users_[name].credentials.emplace(region, std::move(credential));
                          } else {
                            users_[name].unreadable.push_back(region);
                          }
                        }
                        return next();
                      });
        },
        [] { return Next(); });
  });
}

}  // namespace wanlab::control
