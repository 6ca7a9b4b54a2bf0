// An edge never holds what could log in later: neither a password nor what it is verified with, nor
// a proof of it once that was judged. Looked for in the memory of a running wanlab-edge.
#include "tests/hosting/daemons.hpp"
#include "tests/hosting/memory_search.hpp"

#include "real_components/mysql/handshake_messages.hpp"

#include <signal.h>

#include <algorithm>

namespace wanlab::testing {
namespace {

constexpr const char* password = "vX7-kept-nowhere-Qz3/LpW";
// What sessions do hold: their default database.
constexpr const char* planted = "a_name_that_is_surely_there";

class Secrets : public Daemons {
 protected:
  Secrets() {
    const mysql::Verifier verifier = mysql::derive_verifier(password, true);
    wire::Credential credential;
    credential.password_sha256 = verifier.sha2_stage2;
    credential.password_sha1 = verifier.native_stage2;
    credential.allow_native = true;
    credential.role = "writer";
    credential.branch = "main";
    credential.id = 8;
    put(regional, control::credential_key("keeper"), encoded_record(credential));
    put(store, control::route_key("keeper"), encoded_record(wire::Route{"main", {"ams"}, 0}));

    const mysql::ClientSecrets secrets = mysql::derive_secrets(password);
    kept.add("the password", as_bytes(std::string_view(password)));
    kept.add_with_digits("SHA256(password)", secrets.sha2_stage1);
    kept.add_with_digits("SHA256(SHA256(password))", secrets.sha2_stage2);
    kept.add_with_digits("SHA1(password)", secrets.native_stage1);
    kept.add_with_digits("SHA1(SHA1(password))", secrets.native_stage2);
    present.add("planted", as_bytes(std::string_view(planted)));
  }
  using Findings = std::map<std::string, std::size_t>;
  static constexpr int count = 100;

  TestClient& connect(bool native) {
    ClientOptions options;
    options.user = "keeper";
    options.password = password;
    options.database = planted;
    options.native = native;
    options.tls = tls;
    sessions.push_back(&clients.connect(options));
    return *sessions.back();
  }
  void open() {
    for (int i = 0; i < count; ++i) {
      connect(i % 3 == 0);
      if (i % 4 == 0) settle();  // most of them log in together with others
    }
    settle();
    for (TestClient* session : sessions) {
      ASSERT_TRUE(session->established) << session->error << ' ' << session->message;
      add_proof(*session);
    }
  }
  void settle() {
    ASSERT_TRUE(world.run_until([&] {
      return std::all_of(sessions.begin(), sessions.end(), [](const TestClient* session) {
        return session->established || session->closed;
      });
    }));
  }
  // Whole ones and their halves: what is left over of a buffer may begin or end within one.
  void add_proof(const TestClient& session) {
    ByteView bytes = session.greeting;
    mysql::Packet packet;
    ASSERT_EQ(mysql::take_packet(bytes, {}, packet), mysql::PacketStatus::complete);
    const auto greeting = mysql::parse_greeting(packet.payload);
    ASSERT_TRUE(greeting);
    const crypto::Digest256 sha2 = mysql::sha2_proof(session.secrets, greeting->nonce);
    const crypto::Digest160 native = mysql::native_proof(session.secrets, greeting->nonce);
    const ByteView proof = session.options.native ? ByteView(native) : ByteView(sha2);
    for (const std::size_t from : {std::size_t{0}, proof.size() / 2}) {
      proofs.add("half a proof", proof.subspan(from, proof.size() / 2));
    }
  }
  Findings findings(const MemorySearch& search) { return search.in(edge->id()); }

  void expect_nothing_that_could_log_in();

  bool tls = true;
  MemorySearch kept, proofs, present;
  std::vector<TestClient*> sessions;
};

void Secrets::expect_nothing_that_could_log_in() {
  open();
  EXPECT_GE(findings(present)["planted"], 1u) << "the search sees nothing";
  EXPECT_EQ(findings(kept), Findings());
  // With nothing said that could overwrite them by chance.
  world.run_for(2s);
  EXPECT_EQ(findings(proofs), Findings());
  for (TestClient* session : sessions) EXPECT_EQ(query(*session, "SELECT 1").error, 0);
  EXPECT_EQ(findings(kept), Findings());

  for (TestClient* session : sessions) clients.close(*session);
  ASSERT_TRUE(world.run_until(
      [&] { return ask("edge", "/metrics").find("\nwanlab_sessions 0\n") != std::string::npos; }));
  EXPECT_EQ(findings(kept), Findings());
  EXPECT_EQ(findings(proofs), Findings());
}

TEST_F(Secrets, AnEdgeHoldsNothingThatCouldLogIn) {
  start("\"allow_native\": true,\n");
  expect_nothing_that_could_log_in();
}

// Others may have listened then, but not in this process.
TEST_F(Secrets, AnEdgeHoldsNothingThatCouldLogInWithoutTlsEither) {
  tls = false;
  start("\"allow_native\": true, \"require_tls\": false,\n");
  expect_nothing_that_could_log_in();
}

// While a proof waits to be judged it has to be somewhere; half a minute after it is nowhere,
// whatever became of the login.
TEST_F(Secrets, ProofsUnderWayAreForgottenOnceTheyWereJudged) {
  start("\"allow_native\": true,\n");
  origin->signal(SIGSTOP);
  for (int i = 0; i < 20; ++i) connect(i % 2 == 0);
  ASSERT_TRUE(world.run_until([&] {
    return ask("edge", "/metrics").find("\nwanlab_requests_pending 20\n") != std::string::npos;
  }));
  for (const TestClient* session : sessions) add_proof(*session);
  EXPECT_GE(findings(proofs)["half a proof"], 2 * sessions.size()) << "the search sees nothing";
  EXPECT_EQ(findings(kept), Findings());
  for (std::size_t i = 0; i < sessions.size(); i += 3) clients.abort(*sessions[i]);
  world.run_for(500ms);
  origin->signal(SIGCONT);
  settle();
  world.run_until([&] { return findings(proofs).empty(); }, 30s);
  EXPECT_EQ(findings(proofs), Findings());
  EXPECT_EQ(findings(kept), Findings());
}

// Were passwords kept, the search would find them: the origin holds what they are verified with.
TEST_F(Secrets, TheSearchFindsWhatAnOriginHasToHold) {
  start("\"allow_native\": true,\n");
  open();
  const Findings found = kept.in(origin->id());
  EXPECT_TRUE(found.contains("SHA256(SHA256(password))"));
  EXPECT_TRUE(found.contains("SHA1(SHA1(password))"));
  EXPECT_FALSE(found.contains("the password"));
  EXPECT_FALSE(found.contains("SHA256(password)"));
  EXPECT_FALSE(found.contains("SHA1(password)"));
}

}  // namespace
}  // namespace wanlab::testing
