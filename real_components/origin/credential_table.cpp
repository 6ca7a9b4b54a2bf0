#include "real_components/origin/credential_table.hpp"

#include <algorithm>
#include <charconv>

namespace wanlab::origin {

Role role_of(std::string_view name) {
  if (name == "admin") return Role::admin;
  if (name == "writer") return Role::writer;
  return Role::reader;
}

std::uint32_t BranchTable::intern(std::string_view branch) {
  const auto found = numbers_.find(branch);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(numbers_.size());
  numbers_.emplace(std::string(branch), number);
  return number;
}

const CredentialEntry* CredentialTable::find_user(std::string_view user) const {
  const auto found = by_user_.find(user);
  return found == by_user_.end() ? nullptr : &entries_[found->second];
}

const CredentialEntry* CredentialTable::find_id(std::uint64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &entries_[found->second];
}

void CredentialTable::on_records(std::span<const control::CredentialChange> changes,
                                 control::Revision) {
  for (const control::CredentialChange& change : changes) {
    const auto found = by_user_.find(change.name);
    std::uint32_t index = 0;
    if (found != by_user_.end()) {
      index = found->second;
      const auto of_id = by_id_.find(entries_[index].id);
      if (of_id != by_id_.end() && of_id->second == index) by_id_.erase(of_id);
      crypto::secure_zero(std::as_writable_bytes(std::span(&entries_[index].verifier, 1)));
      entries_[index] = {};
    }
    if (change.record == nullptr) {
      if (found == by_user_.end()) continue;
      by_user_.erase(found);
      free_.push_back(index);
      continue;
    }
    if (found == by_user_.end()) {
      if (free_.empty()) {
        index = static_cast<std::uint32_t>(entries_.size());
        entries_.emplace_back();
      } else {
        index = free_.back();
        free_.pop_back();
      }
      by_user_.emplace(std::string(change.name), index);
    }
    const wire::Credential& record = *change.record;
    CredentialEntry& entry = entries_[index];
    entry.id = record.id;
    entry.branch = branches_.intern(record.branch);
    entry.expiration = record.expiration;
    entry.verifier.sha2_stage2 = record.password_sha256;
    entry.verifier.native_stage2 = record.password_sha1;
    entry.allow_native = record.allow_native && record.password_sha1.has_value();
    entry.role = role_of(record.role);
    entry.tablet_type = record.tablet_type;
    // A fingerprint, so that copies in several stores agree on it; the hash is of what is a hash
    // already.
    entry.revision = load_little_endian<std::uint32_t>(
        crypto::sha256(as_bytes("wanlab credential revision"), record.password_sha256).data());
    by_id_[entry.id] = index;
  }
}

// --- grant keys ---------------------------------------------------------------------------------

std::string grant_key_key(std::string_view branch, std::uint16_t id) {
  std::string key(grant_key_prefix);
  key.append(branch);
  key += '/';
  key += std::to_string(id);
  return key;
}

void encode(const GrantKeyRecord& record, std::string& out) {
  Bytes bytes;
  append_little_endian(bytes, record.used_from);
  append(bytes, ByteView(record.secret));
  out.append(as_text(bytes));
}

std::optional<GrantKeyRecord> decode_grant_key(std::string_view value) {
  GrantKeyRecord record;
  if (value.size() != 8 + record.secret.size()) return std::nullopt;
  const ByteView bytes = as_bytes(value);
  record.used_from = load_little_endian<std::uint64_t>(bytes.data());
  std::copy_n(bytes.data() + 8, record.secret.size(), record.secret.begin());
  return record;
}

const crypto::HmacSha256Key* GrantKeys::sealing(std::uint32_t branch, std::int64_t now_seconds,
                                                std::uint16_t& id) const {
  if (branch >= keys_.size()) return nullptr;
  const crypto::HmacSha256Key* newest = nullptr;
  for (const Key& key : keys_[branch]) {
    if (key.used_from > now_seconds) continue;
    newest = &key.key;
    id = key.id;
  }
  return newest;
}

const crypto::HmacSha256Key* GrantKeys::find(std::uint32_t branch, std::uint16_t id) const {
  if (branch >= keys_.size()) return nullptr;
  for (const Key& key : keys_[branch]) {
    if (key.id == id) return &key.key;
  }
  return nullptr;
}

void GrantKeys::on_changes(std::span<const control::PrefixChange> changes, control::Revision) {
  for (const control::PrefixChange& change : changes) {
    const std::size_t slash = change.name.rfind('/');
    if (slash == std::string_view::npos) continue;
    const std::string_view digits = change.name.substr(slash + 1);
    std::uint16_t id = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) continue;
    const std::uint32_t branch = branches_.intern(change.name.substr(0, slash));
    if (branch >= keys_.size()) keys_.resize(branch + 1);
    auto& keys = keys_[branch];
    const auto record = change.removed ? std::nullopt : decode_grant_key(change.value);
    if (!change.removed && !record) continue;  // malformed: the last good one stays
    std::erase_if(keys, [id](const Key& key) { return key.id == id; });
    if (!record) continue;
    const auto at =
        std::find_if(keys.begin(), keys.end(), [id](const Key& key) { return key.id > id; });
    keys.insert(at, Key{id, static_cast<std::int64_t>(record->used_from),
                        crypto::HmacSha256Key(record->secret)});
  }
}

}  // namespace wanlab::origin
