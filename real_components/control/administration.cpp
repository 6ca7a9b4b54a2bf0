#include "real_components/control/administration.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace wanlab::control {

using Kind = AdministrationError::Kind;

namespace {

// Attempts against others who change the same user; each of them loses at most as often.
constexpr int most_starts = 10;

template <typename Record>
std::string encoded(const Record& record) {
  Bytes bytes;
  wire::encode(record, bytes);
  return std::string(as_text(bytes));
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void add(std::vector<std::string>& list, const std::string& word) {
  if (!contains(list, word)) list.push_back(word);
}

}  // namespace

// --- what changes have in common ----------------------------------------------------------------

Procedure::Next UserChange::read_route(std::function<Next()> then) {
  return get("", route_key(user_), [this, then = std::move(then)](const Found& found) -> Next {
    if (found.revision == 0) {
      written_ = touched_;
      return undo({Kind::not_found, "user " + user_ + " has no Route"});
    }
    if (!wire::decode(as_bytes(found.value), route_)) {
      return undo({Kind::refused, "the Route of user " + user_ + " cannot be read"});
    }
    route_revision_ = found.revision;
    return then();
  });
}

Procedure::Next UserChange::start_over() {
  if (++starts_ < most_starts) return start();
  return undo({Kind::conflict, "others keep changing user " + user_ + "; try again"});
}

Procedure::Next UserChange::put_route(const wire::Route& route, std::function<Next(bool)> then) {
  committing_ = true;
  return put("", route_key(user_), encoded(route), route_revision_,
             [this, route, then = std::move(then)](Revision revision) {
               committing_ = false;
               if (revision != 0) {
                 route_ = route;
                 route_revision_ = revision;
               }
               return then(revision != 0);
             });
}

Procedure::Next UserChange::on_failure(const AdministrationError& error) {
  if (!committing_) return undo(error);
  // The Route may name what would be taken back.
  throw AdministrationError(error.kind(),
                            std::string(error.what()) +
                                "; whether the Route was written is not "
                                "known: do the same once more",
                            error.place());
}

Procedure::Next UserChange::undo(AdministrationError error) {
  if (written_.empty()) throw error;
  const std::string region = written_.begin()->first;
  const Revision revision = written_.begin()->second;
  written_.erase(written_.begin());
  wire::TxnRequest txn;
  txn.compares = {{Compare::Target::mod_revision, Compare::Relation::equal, credential(), revision,
                   std::string()}};
  txn.success = {wire::DeleteRequest{credential(), std::string()}};
  // What cannot be undone stays, useless without a Route, and is told.
  return ask(region, std::move(txn), [this, error, region](const StoreResult& result) {
    if (result.status == StoreStatus::ok) return undo(error);
    return undo({error.kind(),
                 std::string(error.what()) + "; a Credential of " + user_ + " may be left in " +
                     name_of_store(region),
                 error.place()});
  });
}

Procedure::Next UserChange::spread_grant_keys(const std::string& branch,
                                              const std::vector<std::string>& sources,
                                              const std::vector<std::string>& targets,
                                              const std::string& fresh, Done then) {
  const std::string prefix = std::string(grant_key_prefix).append(branch).append("/");
  struct Keys {
    std::map<std::string, std::string> all;
    std::map<std::string, std::set<std::string>> held;  // by place
  };
  auto keys = std::make_shared<Keys>();
  std::vector<std::string> places = sources;
  for (const std::string& target : targets) add(places, target);
  return for_each(
      std::move(places),
      [this, prefix, keys](const std::string& place, const Done& next) {
        return list(place, prefix, [keys, place, next](const std::vector<KeyValue>& found) {
          for (const KeyValue& kv : found) {
            keys->all.emplace(kv.key, kv.value);
            keys->held[place].insert(kv.key);
          }
          return next();
        });
      },
      [this, prefix, keys, targets, fresh, then = std::move(then)] {
        if (keys->all.empty() && !fresh.empty()) keys->all.emplace(prefix + "1", fresh);
        return for_each(
            targets,
            [this, keys](const std::string& place, const Done& next) {
              wire::TxnRequest txn;  // whoever is faster writes the same
              for (const auto& [key, value] : keys->all) {
                if (!keys->held[place].contains(key)) {
                  txn.success.emplace_back(wire::PutRequest{key, value, 0});
                }
              }
              if (txn.success.empty()) return next();
              return ask_surely(place, std::move(txn),
                                [next](const StoreResult&) { return next(); });
            },
            then);
      });
}

Procedure::Next UserChange::take_back(Done then) {
  std::vector<std::string> regions;
  for (const auto& [region, revision] : written_) regions.push_back(region);
  return for_each(
      std::move(regions),
      [this](const std::string& region, const Done& next) {
        const Revision revision = written_[region];
        written_.erase(region);
        return remove(region, credential(), revision, [next](bool) { return next(); });
      },
      std::move(then));
}

// --- create -------------------------------------------------------------------------------------

CreateCredential::CreateCredential(std::string user, wire::Credential record, wire::Route route,
                                   std::vector<std::string> all_regions,
                                   std::string fresh_grant_key)
    : UserChange(std::move(user)),
      record_(std::move(record)),
      all_regions_(std::move(all_regions)),
      fresh_grant_key_(std::move(fresh_grant_key)) {
  route_ = std::move(route);
  for (const std::string& region : route_.clusters) add(all_regions_, region);
}

Procedure::Next CreateCredential::start() {
  if (route_.clusters.empty()) {
    throw AdministrationError(Kind::refused, "a user needs at least one region");
  }
  return get("", route_key(user_), [this](const Found& found) -> Next {
    if (found.revision != 0) {
      throw AdministrationError(Kind::exists, "user " + user_ + " exists");
    }
    return spread_grant_keys(route_.branch, all_regions_, route_.clusters, fresh_grant_key_,
                             [this] { return write_all(); });
  });
}

Procedure::Next CreateCredential::write_all() {
  return for_each(
      route_.clusters,
      [this](const std::string& region, const Done& next) {
        return put(region, credential(), encoded(record_), 0,
                   [this, region, next](Revision revision) -> Next {
                     if (revision == 0) {
                       return undo({Kind::exists,
                                    "a Credential of user " + user_ + ", who has no Route, is in " +
                                        name_of_store(region) +
                                        ": left by something that was interrupted, or just being "
                                        "created; revoke it first"});
                     }
                     written_[region] = revision;
                     return next();
                   });
      },
      [this] {
        return put_route(route_, [this](bool written) -> Next {
          if (!written) return undo({Kind::exists, "user " + user_ + " exists"});
          return verify();
        });
      });
}

// Somebody may have cleaned up what looked like leftovers as long as there was no Route.
Procedure::Next CreateCredential::verify() {
  return for_each(
      route_.clusters,
      [this](const std::string& region, const Done& next) {
        return get(region, credential(), [this, region, next](const Found& found) -> Next {
          if (found.created == written_[region]) return next();  // perhaps rotated since
          return withdraw();
        });
      },
      [this]() -> Next {
        written_.clear();
        return std::nullopt;
      });
}

// Unless others go on with the new Route already: then it is for them.
Procedure::Next CreateCredential::withdraw() {
  return remove("", route_key(user_), route_revision_, [this](bool gone) {
    return get("", route_key(user_), [this, gone](const Found& found) -> Next {
      if (!gone && found.revision != 0) return std::nullopt;
      return undo({Kind::conflict, "somebody revoked user " + user_ + " meanwhile"});
    });
  });
}

// --- rotate -------------------------------------------------------------------------------------

RotateCredential::RotateCredential(std::string user, wire::Credential fresh_hashes)
    : UserChange(std::move(user)), fresh_(std::move(fresh_hashes)) {}

// Everything is read before anything is written: a region that cannot be reached is found in time.
Procedure::Next RotateCredential::start() {
  return read_route([this] {
    before_.clear();
    return for_each(
        route_.clusters,
        [this](const std::string& region, const Done& next) {
          return get(region, credential(), [this, region, next](Found found) {
            before_[region] = std::move(found);
            return next();
          });
        },
        [this] { return write_all(); });
  });
}

Procedure::Next RotateCredential::write_all() {
  // A region without a copy, which should not be, gets one like its neighbours'.
  const auto model = std::find_if(before_.begin(), before_.end(),
                                  [](const auto& each) { return each.second.revision != 0; });
  wire::Credential record;
  if (model == before_.end()) {
    throw AdministrationError(Kind::not_found, "user " + user_ + " has no Credential");
  }
  if (!wire::decode(as_bytes(model->second.value), record)) {
    throw AdministrationError(Kind::refused, "the Credential of user " + user_ + " in " +
                                                 name_of_store(model->first) + " cannot be read");
  }
  record.password_sha256 = fresh_.password_sha256;
  record.password_sha1 = record.allow_native ? fresh_.password_sha1 : std::nullopt;
  return for_each(
      route_.clusters,
      [this, value = encoded(record)](const std::string& region, const Done& next) -> Next {
        if (before_[region].value == value) {  // from before we had to start over
          add(done_, region);
          return next();
        }
        return put(region, credential(), value, before_[region].revision,
                   [this, region, next](Revision revision) -> Next {
                     if (revision == 0) return start_over();
                     touched_[region] = revision;
                     if (before_[region].revision == 0) written_[region] = revision;
                     add(done_, region);
                     return next();
                   });
      },
      // Nobody may have added a region with a copy of the old one meanwhile.
      [this] {
        return put_route(route_, [this](bool written) -> Next {
          if (!written) return start_over();
          // A region that lost its copy meanwhile may have left the Route, too.
          written_ = touched_;
          std::erase_if(written_,
                        [this](const auto& each) { return contains(route_.clusters, each.first); });
          return take_back([] { return Next(); });
        });
      });
}

// --- revoke -------------------------------------------------------------------------------------

RevokeCredential::RevokeCredential(std::string user, std::vector<std::string> all_regions)
    : UserChange(std::move(user)), all_regions_(std::move(all_regions)) {}

Procedure::Next RevokeCredential::start() {
  places_ = all_regions_;
  return get("", route_key(user_), [this](const Found& found) {
    route_revision_ = found.revision;
    wire::Route route;
    if (found.revision != 0 && wire::decode(as_bytes(found.value), route)) {
      for (const std::string& region : route.clusters) add(places_, region);
    }
    found_ = found_ || found.revision != 0;
    return remove_from(0);
  });
}

Procedure::Next RevokeCredential::remove_from(std::size_t index) {
  if (index == places_.size()) return finish();
  return ask(places_[index], wire::DeleteRequest{credential(), std::string()},
             [this, index](const StoreResult& result) {
               if (result.status != StoreStatus::ok) {
                 add(failed_, places_[index]);
               } else {
                 found_ = found_ || std::get<wire::DeleteResult>(result.body).deleted != 0;
               }
               return remove_from(index + 1);
             });
}

Procedure::Next RevokeCredential::finish() {
  // Without its Route a user is denied by every edge, even if some Credential could not be reached.
  const auto end = [this]() -> Next {
    if (!failed_.empty()) {
      throw AdministrationError(Kind::unavailable,
                                "user " + user_ +
                                    " has no Route any more, but these regions' "
                                    "stores did not answer and may still hold the Credential: " +
                                    joined(failed_) + "; revoke again",
                                failed_.front());
    }
    if (!found_) throw AdministrationError(Kind::not_found, "there is no user " + user_);
    return std::nullopt;
  };
  if (route_revision_ == 0) {  // unless it was just being created
    return get("", route_key(user_), [this, end](const Found& found) {
      return found.revision == 0 ? end() : start_over();
    });
  }
  return remove("", route_key(user_), route_revision_, [this, end](bool gone) -> Next {
    // Perhaps a region was added meanwhile, with a Credential that we have not seen.
    return gone ? end() : start_over();
  });
}

// --- regions ------------------------------------------------------------------------------------

AddRegions::AddRegions(std::string user, std::vector<std::string> regions)
    : UserChange(std::move(user)), regions_(std::move(regions)) {}

Procedure::Next AddRegions::start() {
  return read_route([this]() -> Next {
    missing_.clear();
    for (const std::string& region : regions_) {
      if (!contains(route_.clusters, region)) add(missing_, region);
    }
    // Somebody else may have added a region of ours while we had to start over, and our copy there,
    // which is perhaps out of date, may have replaced his.
    targets_ = missing_;
    sources_ = route_.clusters;
    for (const auto& [region, revision] : touched_) {
      add(targets_, region);
      std::erase(sources_, region);
    }
    if (targets_.empty()) return std::nullopt;
    return find_credential(0);
  });
}

Procedure::Next AddRegions::find_credential(std::size_t index) {
  if (index == sources_.size()) {
    return undo({Kind::not_found, "no region of the Route has a Credential of user " + user_});
  }
  return get(sources_[index], credential(), [this, index](Found found) -> Next {
    if (found.revision == 0) return find_credential(index + 1);
    original_ = std::move(found);
    return spread_grant_keys(route_.branch, {sources_[index]}, targets_, "",
                             [this] { return copy_all(); });
  });
}

Procedure::Next AddRegions::copy_all() {
  return for_each(
      targets_,
      [this](const std::string& region, const Done& next) {
        // What is there is a leftover, or ours from before we had to start over. It is written even
        // if it is the same: whoever is about to delete it must notice.
        return get(region, credential(), [this, region, next](const Found& found) -> Next {
          const auto mine = written_.find(region);
          const bool created =
              found.revision == 0 || (mine != written_.end() && mine->second == found.revision);
          return put(region, credential(), original_.value, found.revision,
                     [this, region, next, created](Revision revision) -> Next {
                       if (revision == 0) return start_over();
                       touched_[region] = revision;
                       written_.erase(region);
                       if (created) written_[region] = revision;
                       return next();
                     });
        });
      },
      [this] {
        wire::Route wider = route_;
        wider.clusters.insert(wider.clusters.end(), missing_.begin(), missing_.end());
        return put_route(wider, [this](bool written) -> Next {
          if (!written) return start_over();
          written_.clear();
          changed_ = true;
          return std::nullopt;
        });
      });
}

RemoveRegions::RemoveRegions(std::string user, std::vector<std::string> regions)
    : UserChange(std::move(user)), regions_(std::move(regions)) {}

Procedure::Next RemoveRegions::start() {
  return read_route([this]() -> Next {
    wire::Route narrower = route_;
    std::erase_if(narrower.clusters,
                  [this](const std::string& region) { return contains(regions_, region); });
    if (narrower.clusters.empty()) {
      throw AdministrationError(Kind::refused, "that would leave user " + user_ +
                                                   " without any region; revoke the credential "
                                                   "instead");
    }
    found_ = found_ || narrower.clusters != route_.clusters;
    return for_each(
        regions_,
        [this](const std::string& region, const Done& next) {
          return get(region, credential(), [this, region, next](const Found& found) {
            copies_[region] = found.revision;
            return next();
          });
        },
        // Also where the Route stays as it is: who is adding such a region must start over.
        [this, narrower] {
          return put_route(
              narrower, [this](bool written) { return written ? remove_copies() : start_over(); });
        });
  });
}

// After the Route, for a region that it names must have its copy, and only the copies that were
// there before: a newer one may belong to a Route that names the region again.
Procedure::Next RemoveRegions::remove_copies() {
  return for_each(
      regions_,
      [this](const std::string& region, const Done& next) -> Next {
        if (copies_[region] == 0) return next();
        found_ = true;
        return remove(region, credential(), copies_[region],
                      [this, next](bool gone) { return gone ? next() : start_over(); });
      },
      [this]() -> Next {
        if (!found_) {
          throw AdministrationError(
              Kind::not_found, "the Route of user " + user_ + " names none of " + joined(regions_));
        }
        return std::nullopt;
      });
}

}  // namespace wanlab::control
