// `wanlab route` and `wanlab credential` as an operator uses them, against a real etcd that holds
// the global store and those of two regions.
#include <gtest/gtest.h>

#include "real_components/mysql/proof.hpp"
#include "sim/emulation/store_session.hpp"
#include "tests/app/command.hpp"
#include "tests/store/etcd_driver.hpp"

namespace wanlab::app {
namespace {

struct LabCommands : CommandTest {
  LabCommands() {
    emulation::EtcdServerOptions options;
    options.folder = folder_ / "etcd";
    server = testing::started(options);
    file("lab.json", "{\"store\": [\"" + server->url() + "/global\"], \"region_stores\": {" +
                         "\"ams\": \"" + server->url() + "/ams\", \"fra\": [\"" + server->url() +
                         "/fra\"]}}");
  }
  // With the stores given by the laboratory's state.
  Outcome lab(std::vector<std::string> words) {
    words.insert(words.end(), {"--folder", folder_.string()});
    return wanlab(words);
  }
  Outcome create(const std::string& regions = "ams") {
    return lab({"credential", "create", "app", "--branch", "main", "--region", regions});
  }
  // What the stores hold of the user.
  control::UserRecords records() {
    emulation::StoreSession session(emulation::stores_of_laboratory(folder_ / "lab.json"));
    control::Survey survey({"ams", "fra"}, "app");
    session.run(survey);
    const auto found = survey.users().find("app");
    return found == survey.users().end() ? control::UserRecords() : found->second;
  }
  static std::string password_in(const std::string& text, const std::string& before) {
    const std::size_t at = text.find(before);
    return at == std::string::npos ? "" : text.substr(at + before.size(), 24);
  }
  static bool verifies(const std::string& password, const wire::Credential& record) {
    return mysql::verify_password(password, {record.password_sha256, record.password_sha1});
  }

  std::unique_ptr<emulation::EtcdServer> server;
};

TEST_F(LabCommands, CreateShowsAPasswordOnceThatTheStoredHashVerifies) {
  const Outcome created = create("ams,fra,ams");
  ASSERT_EQ(created.status, 0) << created.err;
  const std::string password = password_in(created.out, "password: ");
  EXPECT_EQ(password.find_first_of("\n "), std::string::npos) << created.out;
  const control::UserRecords now = records();
  EXPECT_TRUE(now.sound());
  ASSERT_EQ(now.credentials.size(), 2u);
  EXPECT_TRUE(verifies(password, now.credentials.at("ams")));
  EXPECT_FALSE(now.credentials.at("ams").password_sha1);
  EXPECT_EQ(now.credentials.at("ams").role, "writer");
  for (const char* command : {"route", "credential"}) {
    for (const char* form : {"--json", "app"}) {
      EXPECT_EQ(lab({command, "list", form}).out.find(password), std::string::npos);
    }
  }
  EXPECT_NE(password_in(
                lab({"credential", "create", "second", "--branch", "main", "--region", "ams"}).out,
                "password: "),
            password);
  EXPECT_EQ(create().status, 2) << "exists";
}

TEST_F(LabCommands, OptionsOfACredentialReachTheStore) {
  const Outcome created =
      lab({"credential", "create", "app", "--branch", "main", "--region", "fra", "--role", "reader",
           "--tablet", "replica", "--allow-native", "--expires-in", "12h", "--json"});
  ASSERT_EQ(created.status, 0) << created.err;
  const wire::Credential record = records().credentials.at("fra");
  EXPECT_EQ(record.role, "reader");
  EXPECT_EQ(record.tablet_type, wire::TabletType::replica);
  EXPECT_TRUE(record.allow_native && record.password_sha1);
  EXPECT_NE(record.expiration, 0u);
  EXPECT_TRUE(verifies(password_in(created.out, "\"password\": \""), record)) << created.out;
}

TEST_F(LabCommands, RoutesGainAndLoseRegionsWithTheirCredentials) {
  ASSERT_EQ(create().status, 0);
  EXPECT_EQ(lab({"route", "add", "app", "fra"}).out, "The Route of app now leads to ams, fra\n");
  EXPECT_TRUE(records().sound());
  EXPECT_EQ(lab({"route", "add", "app", "fra"}).out,
            "Unchanged: the Route of app now leads to ams, fra\n");
  EXPECT_EQ(lab({"route", "list"}).out, "app  branch main  regions ams, fra\n");
  const Outcome removed = lab({"route", "remove", "app", "ams", "--json"});
  EXPECT_EQ(removed.status, 0);
  EXPECT_NE(removed.out.find("\"fra\""), std::string::npos) << removed.out;
  EXPECT_EQ(removed.out.find("\"ams\""), std::string::npos) << removed.out;
  EXPECT_TRUE(records().sound());
  const Outcome last = lab({"route", "remove", "app", "fra"});
  EXPECT_EQ(last.status, 2);
  EXPECT_NE(last.err.find("revoke"), std::string::npos) << last.err;
}

TEST_F(LabCommands, RotationReplacesAndRevocationEnds) {
  const std::string old = password_in(create("ams,fra").out, "password: ");
  const std::string fresh = password_in(lab({"credential", "rotate", "app"}).out, "password: ");
  for (const auto& [region, record] : records().credentials) {
    EXPECT_FALSE(verifies(old, record));
    EXPECT_TRUE(verifies(fresh, record));
  }
  EXPECT_EQ(lab({"credential", "revoke", "app"}).status, 0);
  EXPECT_FALSE(records().route);
  EXPECT_TRUE(records().credentials.empty());
  for (const char* verb : {"rotate", "revoke"}) {
    EXPECT_EQ(lab({"credential", verb, "app"}).status, 2);
  }
}

TEST_F(LabCommands, MistakesAreExplainedAndChangeNothing) {
  ASSERT_EQ(create().status, 0);
  struct Case {
    std::vector<std::string> words;
    const char* because;
  };
  for (const Case& each : std::vector<Case>{
           {{"route", "add", "app", "mars"}, "known: ams, fra"},
           {{"route", "add", "app", "fra", "mars"}, "known: ams, fra"},
           {{"route", "add", "nobody", "fra"}, "no Route"},
           {{"route", "add", "app"}, "REGION"},
           {{"route", "add", "a/b", "fra"}, "slashes"},
           {{"route"}, "subcommand"},
           {{"credential", "create", "x", "--region", "ams"}, "--branch"},
           {{"credential", "create", "x", "--branch", "b", "--region", "ams", "--role", "king"},
            "king"},
           {{"credential", "create", "x", "--branch", "b", "--region", "ams", "--expires-in", "5"},
            "--expires-in"},
           {{"route", "list", "--store", "ftp://x"}, "http://"},
           {{"route", "list", "--region-store", "ams=http://x"}, "--store"},
           {{"route", "list", "--store", "http://x", "--region-store", "http://x"}, "REGION=URL"},
           {{"route", "list", "--certificate", "x"}, "--key"}}) {
    const Outcome outcome = lab(each.words);
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_NE(outcome.err.find(each.because), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(records().route->clusters, std::vector<std::string>{"ams"});
  EXPECT_EQ(records().credentials.size(), 1u);
  EXPECT_EQ(wanlab({"route", "list", "--folder", "/nowhere"}).status, 2);
}

TEST_F(LabCommands, AStoreThatCannotBeReachedIsNamedWithTheReason) {
  const Outcome outcome = wanlab({"route", "list", "--store", "http://127.0.0.1:1"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("the global store does not answer (127.0.0.1:1: "), std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace wanlab::app
