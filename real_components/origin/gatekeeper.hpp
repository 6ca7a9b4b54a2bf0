// Decides who may do what: judges password proofs, issues grants and checks them on every
// statement. Keeps no session; what it remembers are used nonces and failed logins, both bounded in
// time.
#pragma once

#include "real_components/origin/config.hpp"
#include "real_components/origin/credential_table.hpp"
#include "real_components/origin/failure_counters.hpp"
#include "real_components/origin/replay_window.hpp"
#include "real_components/runtime/runtime.hpp"
#include "real_components/wire/auth.hpp"
#include "real_components/wire/grant.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::origin {

// Why a login was refused. The client sees one and the same error for all but `no_grant_key`.
enum class LoginVerdict : std::uint8_t {
  granted,
  malformed,
  nonce_forged,  // not made by the edge that sent it
  nonce_stale,   // older or newer than the window
  nonce_replayed,
  blocked,  // too many failures of this user from this address
  unknown_user,
  wrong_proof,
  expired,
  native_denied,  // the credential does not allow that method
  no_grant_key,   // the region has no key for the branch yet
};

enum class GrantVerdict : std::uint8_t {
  valid,
  unknown,  // no such credential here: revoked, or never was
  rotated,  // the credential has another secret by now
  forged,   // wrong seal: another session's, another edge's, or made up
  expired,  // the grant, or the credential itself
};

class Gatekeeper {
 public:
  Gatekeeper(runtime::Runtime& runtime, const OriginConfig& config);

  CredentialTable& credentials() { return credentials_; }
  GrantKeys& grant_keys() { return grant_keys_; }
  BranchTable& branches() { return branches_; }

  // The edge with this certified name, as a small number. Cheap enough for every login, not for
  // every statement.
  std::uint32_t edge_number(std::string_view name);
  std::string_view edge_name(std::uint32_t edge) const { return edges_[edge]->name; }

  // Fills `grant` if the verdict is `granted`.
  LoginVerdict judge(const wire::AuthRequest& request, std::uint32_t edge, wire::Grant& grant);

  // `entry` is set for a valid grant.
  GrantVerdict check(const wire::Grant& grant, std::uint64_t session, std::uint32_t edge,
                     const CredentialEntry*& entry) const;
  // Whether so little of its life is left that it should be replaced.
  bool due_for_renewal(const wire::Grant& grant) const;
  // False without a key.
  bool issue(const CredentialEntry& entry, std::uint64_t session, std::uint32_t edge,
             wire::Grant& grant) const;

 private:
  struct Edge {
    explicit Edge(ByteView nonce_secret) : nonce_key(nonce_secret) {}
    std::string name;
    std::uint32_t fingerprint = 0;
    crypto::HmacSha256Key nonce_key;
    ReplayWindow used;
  };

  LoginVerdict judge_nonce(ByteView nonce, Edge& edge) const;
  LoginVerdict judge_proof(const wire::AuthRequest& request, const CredentialEntry* entry) const;

  runtime::Runtime& runtime_;
  const OriginConfig& config_;
  std::unique_ptr<runtime::RandomStream> random_;
  BranchTable branches_;
  CredentialTable credentials_{branches_};
  GrantKeys grant_keys_{branches_};
  FailureCounters failures_;
  mysql::Verifier nobody_;  // what absent users are checked against
  std::map<std::string, std::uint32_t, std::less<>> edge_numbers_;
  std::vector<std::unique_ptr<Edge>> edges_;
};

}  // namespace wanlab::origin
