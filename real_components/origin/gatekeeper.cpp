#include "real_components/origin/gatekeeper.hpp"

#include "real_components/mysql/nonce.hpp"
#include "real_components/wire/nonce.hpp"

#include <algorithm>
#include <cstring>

namespace wanlab::origin {

Gatekeeper::Gatekeeper(runtime::Runtime& runtime, const OriginConfig& config)
    : runtime_(runtime),
      config_(config),
      random_(runtime.random_stream("origin/gatekeeper")),
      failures_(config.guessing, random_->next()) {
  for (std::size_t i = 0; i < nobody_.sha2_stage2.size(); i += 8) {
    const std::uint64_t word = random_->next();
    std::memcpy(&nobody_.sha2_stage2[i], &word, 8);
  }
  nobody_.native_stage2.emplace();
  std::copy_n(nobody_.sha2_stage2.begin(), nobody_.native_stage2->size(),
              nobody_.native_stage2->begin());
}

std::uint32_t Gatekeeper::edge_number(std::string_view name) {
  const auto found = edge_numbers_.find(name);
  if (found != edge_numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(edges_.size());
  edges_.push_back(std::make_unique<Edge>(wire::edge_nonce_key(config_.fleet_nonce_key, name)));
  edges_.back()->name = name;
  edges_.back()->fingerprint = wire::edge_fingerprint(name);
  edge_numbers_.emplace(std::string(name), number);
  return number;
}

LoginVerdict Gatekeeper::judge_nonce(ByteView nonce, Edge& edge) const {
  mysql::Nonce bytes{};
  if (nonce.size() != bytes.size()) return LoginVerdict::malformed;
  std::copy(nonce.begin(), nonce.end(), bytes.begin());
  const auto content = mysql::decode_nonce(bytes);
  if (!content) return LoginVerdict::nonce_forged;
  const auto claims = wire::open_nonce(*content, edge.nonce_key);
  if (!claims || claims->edge != (edge.fingerprint & wire::nonce_edge_mask)) {
    return LoginVerdict::nonce_forged;
  }
  switch (edge.used.use(*claims, unix_seconds(runtime_.wall_now()))) {
    case ReplayWindow::Verdict::stale:
      return LoginVerdict::nonce_stale;
    case ReplayWindow::Verdict::replayed:
      return LoginVerdict::nonce_replayed;
    case ReplayWindow::Verdict::fresh:
      break;
  }
  return LoginVerdict::granted;
}

LoginVerdict Gatekeeper::judge_proof(const wire::AuthRequest& request,
                                     const CredentialEntry* entry) const {
  const bool native = request.method == wire::AuthMethod::native;
  // The same hashes are computed for a user that does not exist.
  const bool verifiable = entry != nullptr && (!native || entry->allow_native);
  const mysql::Verifier& verifier = verifiable ? entry->verifier : nobody_;
  mysql::Nonce nonce{};
  std::copy(request.nonce.begin(), request.nonce.end(), nonce.begin());
  const bool right =
      mysql::verify_proof(native ? mysql::AuthMethod::native : mysql::AuthMethod::caching_sha2,
                          request.proof, nonce, verifier);
  if (entry == nullptr) return LoginVerdict::unknown_user;
  if (!verifiable) return LoginVerdict::native_denied;
  if (!right) return LoginVerdict::wrong_proof;
  if (wire::expired(entry->expiration, runtime_.wall_now())) return LoginVerdict::expired;
  return LoginVerdict::granted;
}

LoginVerdict Gatekeeper::judge(const wire::AuthRequest& request, std::uint32_t edge_number,
                               wire::Grant& grant) {
  Edge& edge = *edges_[edge_number];
  // The edge says who it is twice; only the certificate counts, and they must not differ.
  if (request.edge_id != edge.fingerprint) return LoginVerdict::nonce_forged;
  const LoginVerdict of_nonce = judge_nonce(request.nonce, edge);
  if (of_nonce != LoginVerdict::granted) return of_nonce;
  const Instant now = runtime_.now();
  if (failures_.blocked(request.user, request.client_ip, now)) return LoginVerdict::blocked;

  const CredentialEntry* const entry = credentials_.find_user(request.user);
  const LoginVerdict verdict = judge_proof(request, entry);
  if (verdict != LoginVerdict::granted) {
    failures_.failed(request.user, request.client_ip, now);
    return verdict;
  }
  return issue(*entry, request.session, edge_number, grant) ? LoginVerdict::granted
                                                            : LoginVerdict::no_grant_key;
}

GrantVerdict Gatekeeper::check(const wire::Grant& grant, std::uint64_t session, std::uint32_t edge,
                               const CredentialEntry*& entry) const {
  entry = credentials_.find_id(grant.credential);
  if (entry == nullptr) return GrantVerdict::unknown;
  const crypto::HmacSha256Key* const key = grant_keys_.find(entry->branch, grant.key);
  if (key == nullptr || !wire::seal_is_valid(grant, session, edges_[edge]->fingerprint, *key)) {
    return GrantVerdict::forged;
  }
  const WallTime now = runtime_.wall_now();
  if (wire::expired(grant.expiry, now) || wire::expired(entry->expiration, now)) {
    return GrantVerdict::expired;
  }
  return entry->revision == grant.revision ? GrantVerdict::valid : GrantVerdict::rotated;
}

bool Gatekeeper::due_for_renewal(const wire::Grant& grant) const {
  const std::int64_t left = std::int64_t{grant.expiry} - unix_seconds(runtime_.wall_now());
  const auto lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(config_.grant_lifetime).count();
  return left * 100 < lifetime * config_.renew_below_percent;
}

bool Gatekeeper::issue(const CredentialEntry& entry, std::uint64_t session, std::uint32_t edge,
                       wire::Grant& grant) const {
  const std::int64_t now = unix_seconds(runtime_.wall_now());
  const crypto::HmacSha256Key* const key = grant_keys_.sealing(entry.branch, now, grant.key);
  if (key == nullptr) return false;
  const auto lifetime =
      std::chrono::duration_cast<std::chrono::seconds>(config_.grant_lifetime).count();
  std::uint64_t expiry = static_cast<std::uint64_t>(now + lifetime);
  if (entry.expiration != 0) expiry = std::min(expiry, entry.expiration);
  grant.credential = entry.id;
  grant.revision = entry.revision;
  grant.expiry = static_cast<std::uint32_t>(std::min<std::uint64_t>(expiry, 0xffffffff));
  grant.role = static_cast<std::uint8_t>(entry.role);
  grant.tablet_type = static_cast<std::uint8_t>(entry.tablet_type);
  grant.seal = wire::seal_of(grant, session, edges_[edge]->fingerprint, *key);
  return true;
}

}  // namespace wanlab::origin
