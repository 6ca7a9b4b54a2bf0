// Changes of Routes and Credentials as an operator makes them, safe against other operators and
// against stores that fail in between. Without I/O: a procedure says which call goes to which store
// and is given the answer, until it is done.
//
// The rules it keeps:
//  - A Credential and the grant keys of its branch are in a region's store before the Route names
//    that region, and a Credential is in no other region.
//  - Whoever changes copies of a Credential writes the Route last, compared with the revision it
//  was
//    read at: two changes of one user at a time cannot both succeed on what neither expected.
//  - What was begun and fails is undone as far as the stores allow, and the message says what is
//  left.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "real_components/control/store.hpp"
#include "real_components/wire/records.hpp"

namespace wanlab::control {

class AdministrationError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    not_found,
    exists,
    refused,      // it would break a rule, or a record cannot be read
    conflict,     // others kept changing the same records
    unavailable,  // a store does not answer, or not to us; `place` says which
  };
  AdministrationError(Kind kind, const std::string& what, std::string place = "")
      : std::runtime_error(what), kind_(kind), place_(std::move(place)) {}
  Kind kind() const { return kind_; }
  const std::string& place() const { return place_; }

 private:
  Kind kind_;
  std::string place_;
};

// The store of a region, or the global one, which is called "".
struct StoreStep {
  std::string place;
  StoreCall call;
};
std::string name_of_store(std::string_view place);

class Procedure {
 public:
  virtual ~Procedure() = default;
  // The first call, and after each answer the next; nothing once it is done. AdministrationError
  // ends it.
  std::optional<StoreStep> begin() { return start(); }
  std::optional<StoreStep> resume(StoreResult result);

 protected:
  using Next = std::optional<StoreStep>;
  using Then = std::function<Next(StoreResult)>;
  using Done = std::function<Next()>;

  virtual Next start() = 0;
  // What is left to do when it fails.
  virtual Next on_failure(const AdministrationError& error) { throw error; }
  Next ask(std::string place, StoreCall call, Then then);
  // The same for what may be asked again: answers that say nothing are not handed on. A store that
  // cannot be reached is not asked again: it was given its time.
  Next ask_surely(std::string place, StoreCall call, Then then, int attempts = 3);

  struct Found {
    std::string value;
    Revision revision = 0;  // 0: there is no such key
    Revision created = 0;
  };
  Next get(const std::string& place, const std::string& key, std::function<Next(Found)> then);
  // All keys under a prefix, in order.
  Next list(const std::string& place, const std::string& prefix,
            std::function<Next(std::vector<KeyValue>)> then);
  // Writes if the key's revision still is `expected` (0: there is none). `then` gets the new
  // revision, or 0 if somebody else was faster.
  Next put(const std::string& place, const std::string& key, const std::string& value,
           Revision expected, std::function<Next(Revision)> then);
  // Deletes if the key's revision still is `expected`; with 0 in any case. `then` hears whether it
  // was there.
  Next remove(const std::string& place, const std::string& key, Revision expected,
              std::function<Next(bool)> then);
  // One after the other.
  Next for_each(std::vector<std::string> places,
                std::function<Next(const std::string& place, Done next)> step, Done then);

 private:
  Next put_again(const std::string& place, const std::string& key, const std::string& value,
                 Revision expected, std::function<Next(Revision)> then, int attempt);

  Then then_;
};

// --- what is there ------------------------------------------------------------------------------

struct UserRecords {
  std::optional<wire::Route> route{};
  Revision route_revision = 0;
  std::map<std::string, wire::Credential> credentials{};  // by region
  std::vector<std::string> unreadable{};  // places of records that cannot be decoded
  // All regions of the Route have the same Credential, and no other region has one.
  bool sound() const;
};

// Everything of everybody, or of one user, in the global store and those of `regions`.
class Survey final : public Procedure {
 public:
  explicit Survey(std::vector<std::string> regions, std::string user = "")
      : regions_(std::move(regions)), user_(std::move(user)) {}
  const std::map<std::string, UserRecords>& users() const { return users_; }

 private:
  Next start() override;
  bool wanted(std::string_view name) const { return user_.empty() || name == user_; }

  std::vector<std::string> regions_;
  std::string user_;
  std::map<std::string, UserRecords> users_;
};

// --- changes ------------------------------------------------------------------------------------

// What the changes of one user have in common.
class UserChange : public Procedure {
 protected:
  explicit UserChange(std::string user) : user_(std::move(user)) {}

  Next read_route(std::function<Next()> then);  // fails if there is none
  // Somebody else changed the same user: once more, but not for ever.
  Next start_over();
  // Gives every place the grant keys of `branch` that `sources` have; if none has any, `fresh`, if
  // given.
  Next spread_grant_keys(const std::string& branch, const std::vector<std::string>& sources,
                         const std::vector<std::string>& targets, const std::string& fresh,
                         Done then);
  // Writes the Route at the revision it was read at; `then` hears whether nobody was faster.
  Next put_route(const wire::Route& route, std::function<Next(bool)> then);
  // Deletes the Credentials written so far, unless somebody wrote them again.
  Next take_back(Done then);
  // The same, as far as the stores allow, and then fails.
  Next undo(AdministrationError error);
  Next on_failure(const AdministrationError& error) override;
  std::string credential() const { return credential_key(user_); }

  std::string user_;
  wire::Route route_;
  Revision route_revision_ = 0;
  // The newest revisions of the Credentials that we wrote, by region: those where there were none,
  // and all. The former are taken back when the change fails, all if there is no user any more.
  std::map<std::string, Revision> written_;
  std::map<std::string, Revision> touched_;

 private:
  int starts_ = 0;
  bool committing_ = false;  // the Route is being written
};

// A new user: Credentials first, then the Route that makes them visible.
class CreateCredential final : public UserChange {
 public:
  // `fresh_grant_key` is the value of the branch's first grant key, used if no region has one yet.
  CreateCredential(std::string user, wire::Credential record, wire::Route route,
                   std::vector<std::string> all_regions, std::string fresh_grant_key);

 private:
  Next start() override;
  Next write_all();
  Next verify();
  Next withdraw();
  wire::Credential record_;
  std::vector<std::string> all_regions_;
  std::string fresh_grant_key_;
};

// A new password in all regions of the Route. Sessions of the old one end.
class RotateCredential final : public UserChange {
 public:
  RotateCredential(std::string user, wire::Credential fresh_hashes);
  // Where the new password is valid already; all regions of the Route if nothing failed.
  const std::vector<std::string>& done() const { return done_; }

 private:
  Next start() override;
  Next write_all();
  wire::Credential fresh_;
  std::map<std::string, Found> before_;
  std::vector<std::string> done_;
};

// No Credential anywhere and no Route. Goes on where a store fails, and fails in the end.
class RevokeCredential final : public UserChange {
 public:
  RevokeCredential(std::string user, std::vector<std::string> all_regions);

 private:
  Next start() override;
  Next remove_from(std::size_t index);
  Next finish();
  std::vector<std::string> all_regions_;
  std::vector<std::string> places_;
  std::vector<std::string> failed_;
  bool found_ = false;
};

class AddRegions final : public UserChange {
 public:
  AddRegions(std::string user, std::vector<std::string> regions);
  const wire::Route& route() const { return route_; }
  bool changed() const { return changed_; }  // false: they were there

 private:
  Next start() override;
  Next find_credential(std::size_t index);
  Next copy_all();
  std::vector<std::string> regions_;
  std::vector<std::string> missing_;  // from the Route
  std::vector<std::string> targets_;  // which get a copy
  std::vector<std::string> sources_;  // which may have the original
  Found original_;
  bool changed_ = false;
};

class RemoveRegions final : public UserChange {
 public:
  RemoveRegions(std::string user, std::vector<std::string> regions);
  const wire::Route& route() const { return route_; }

 private:
  Next start() override;
  Next remove_copies();
  std::vector<std::string> regions_;
  std::map<std::string, Revision> copies_;
  bool found_ = false;
};

}  // namespace wanlab::control
