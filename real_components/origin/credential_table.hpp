// The Credentials and grant keys of one region, as its store has them, found in constant time.
// Holds secrets that verify logins; nothing in here ever leaves the origin.
#pragma once

#include "real_components/control/prefix_watcher.hpp"
#include "real_components/control/record_watcher.hpp"
#include "real_components/crypto/hmac.hpp"
#include "real_components/mysql/proof.hpp"
#include "real_components/wire/records.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace wanlab::origin {

enum class Role : std::uint8_t { reader, writer, admin };
// "reader", "writer", "admin"; whatever else is told gets the least.
Role role_of(std::string_view name);

struct CredentialEntry {
  std::uint64_t id = 0;
  std::uint32_t revision = 0;  // changes with the secret
  std::uint32_t branch = 0;    // number given by BranchTable
  std::uint64_t expiration = 0;
  mysql::Verifier verifier;
  bool allow_native = false;
  Role role = Role::reader;
  wire::TabletType tablet_type = wire::TabletType::primary;
};

// Branch names as small dense numbers.
class BranchTable {
 public:
  std::uint32_t intern(std::string_view branch);
  std::size_t size() const { return numbers_.size(); }

 private:
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

class CredentialTable final : public control::CredentialObserver {
 public:
  explicit CredentialTable(BranchTable& branches) : branches_(branches) {}

  // Null if there is none. Valid until the next change.
  const CredentialEntry* find_user(std::string_view user) const;
  const CredentialEntry* find_id(std::uint64_t id) const;
  std::size_t size() const { return by_user_.size(); }

  void on_records(std::span<const control::CredentialChange> changes,
                  control::Revision revision) override;

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };

  BranchTable& branches_;
  std::vector<CredentialEntry> entries_;
  std::vector<std::uint32_t> free_;
  // Looked up only, never walked: their order depends on the library.
  std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>> by_user_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_id_;
};

// --- grant keys ---------------------------------------------------------------------------------

using control::grant_key_prefix;
std::string grant_key_key(std::string_view branch, std::uint16_t id);

// A branch's key for sealing grants. Rotation: put a higher id that is used from a while later on,
// and delete the lower one once the last grant under it has expired.
struct GrantKeyRecord {
  std::uint64_t used_from = 0;  // Unix seconds; accepted at any time
  std::array<std::byte, 32> secret{};
};
void encode(const GrantKeyRecord& record, std::string& out);
std::optional<GrantKeyRecord> decode_grant_key(std::string_view value);

class GrantKeys final : public control::PrefixObserver {
 public:
  explicit GrantKeys(BranchTable& branches) : branches_(branches) {}

  // The key to seal with now: the highest id already in use. Null without any.
  const crypto::HmacSha256Key* sealing(std::uint32_t branch, std::int64_t now_seconds,
                                       std::uint16_t& id) const;
  // Null if unknown.
  const crypto::HmacSha256Key* find(std::uint32_t branch, std::uint16_t id) const;

  void on_changes(std::span<const control::PrefixChange> changes,
                  control::Revision revision) override;

 private:
  struct Key {
    std::uint16_t id;
    std::int64_t used_from;
    crypto::HmacSha256Key key;
  };
  BranchTable& branches_;
  std::vector<std::vector<Key>> keys_;  // by branch, ascending by id; one or two each
};

}  // namespace wanlab::origin
