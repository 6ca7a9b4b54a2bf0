// What is revoked or expired stops: after its bound no origin serves a statement for that
// credential and no edge lets anybody log in with it.
#include "analysis/checks/oracles.hpp"
#include "analysis/checks/words.hpp"

#include <map>

namespace wanlab::analysis {

namespace {

using runtime::CredentialEnd;
using runtime::TraceEvent;
using runtime::TraceKind;

class CredentialsEnd final : public Oracle {
 public:
  explicit CredentialsEnd(Fleet& fleet) : fleet_(fleet) {}

  std::string_view name() const override { return "credentials_end"; }
  std::string_view promise() const override {
    return "a credential that is revoked or expired serves nobody after its bound";
  }
  trace::Kinds kinds() const override {
    return {TraceKind::credential_ended, TraceKind::statement_served,
            TraceKind::session_authenticated, TraceKind::fault_healed};
  }

  void observe(Instant now, const trace::HostLabel& host, const TraceEvent& event) override {
    switch (event.kind) {
      case TraceKind::credential_ended:
        return ended(now, event);
      case TraceKind::fault_healed:
        // What a fault kept from arriving starts on its way now.
        for (auto& [credential, end] : ended_) {
          end.due = std::max(end.due, std::min(now + bound, end.at + longest_bound));
        }
        return;
      case TraceKind::statement_served:
        if (ended_.empty()) return;
        return judge(now, host, event.a, "had a statement served");
      case TraceKind::session_authenticated:
        if (ended_.empty()) return;
        return judge(now, host, event.a, "logged in");
      default:
        return;
    }
  }

 private:
  struct End {
    Instant at{}, due{};
    std::string user;
    const char* how = "";
  };
  // A watch brings the news within a round trip; statements under way may still end.
  static constexpr Duration bound = std::chrono::seconds(5);
  // While news cannot arrive, the life of a grant (300 s) is the limit, and a clock may be wrong.
  static constexpr Duration longest_bound = std::chrono::seconds(330);

  void ended(Instant now, const TraceEvent& event) {
    const auto how = static_cast<CredentialEnd>(event.a);
    if (how == CredentialEnd::back) {
      ended_.erase(event.subject);
      return;
    }
    if (how == CredentialEnd::rotated) return;  // the new secret serves on
    const char* words = how == CredentialEnd::revoked   ? "revoked"
                        : how == CredentialEnd::expired ? "expired"
                                                        : "left without a Route";
    ended_.insert_or_assign(event.subject, End{now, now + bound, std::string(event.text), words});
  }
  void judge(Instant now, const trace::HostLabel& host, std::uint64_t credential,
             const char* what) {
    const auto found = ended_.find(credential);
    if (found == ended_.end()) return;
    const End& end = found->second;
    if (now <= end.due) return;
    if (fleet_.faults_active() != 0 && now <= end.at + longest_bound) return;
    std::string found_words = what;
    found_words += " " + std::to_string((now - end.at) / std::chrono::milliseconds(1));
    found_words += " ms after the credential was ";
    found_words += end.how;
    violated({now, host.name, "user " + end.user, std::move(found_words),
              "nothing later than " +
                  std::to_string((end.due - end.at) / std::chrono::milliseconds(1)) + " ms after"});
  }

  Fleet& fleet_;
  std::map<std::uint64_t, End> ended_;
};

}  // namespace

std::unique_ptr<Oracle> make_credentials_end(Fleet& fleet) {
  return std::make_unique<CredentialsEnd>(fleet);
}

}  // namespace wanlab::analysis
