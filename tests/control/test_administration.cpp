// Changes of users: what each leaves behind in the stores, alone, against others at the same time,
// and when stores fail in between.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "real_components/control/administration.hpp"
#include "real_components/control/embedded_store.hpp"

namespace wanlab::control {
namespace {

using Kind = AdministrationError::Kind;
using Regions = std::vector<std::string>;

const Regions everywhere{"ams", "fra", "sin"};

wire::Credential with_password(char secret, bool native = false) {
  wire::Credential record;
  record.password_sha256.fill(static_cast<std::byte>(secret));
  if (native) record.password_sha1.emplace().fill(static_cast<std::byte>(secret));
  record.allow_native = native;
  record.role = "writer";
  record.branch = "main";
  record.id = 7;
  return record;
}

struct Stores {
  Stores() {
    for (const std::string& region : everywhere) stores[region];
    stores[""];
  }
  // To its end, or until it throws.
  void run(Procedure& procedure) {
    std::optional<StoreStep> step = procedure.begin();
    while (step) step = procedure.resume(answer(*step));
  }
  std::optional<Kind> trouble(Procedure& procedure) {
    try {
      run(procedure);
    } catch (const AdministrationError& error) {
      what = error.what();
      return error.kind();
    }
    return std::nullopt;
  }
  StoreResult answer(const StoreStep& step) {
    StoreResult lost;
    if (down.contains(step.place)) {
      lost.status = StoreStatus::unavailable;
      return lost;
    }
    // Numbers below 2 * `flakiness` in a hundred: lost on the way there, or on the way back.
    const std::uint64_t luck = flakiness == 0 ? 100 : random() % 100;
    if (luck < flakiness) {
      lost.status = luck % 2 == 0 ? StoreStatus::unavailable : StoreStatus::unknown_outcome;
      return lost;
    }
    StoreResult result = stores.at(step.place).apply(step.call);
    if (luck < 2 * flakiness) {
      lost.status = StoreStatus::unknown_outcome;
      return lost;
    }
    return result;
  }
  UserRecords user(const std::string& name = "app") {
    Survey survey(everywhere, name);
    const auto flaky = std::exchange(flakiness, 0);
    const auto unreachable = std::exchange(down, {});
    run(survey);
    flakiness = flaky;
    down = unreachable;
    const auto found = survey.users().find(name);
    return found == survey.users().end() ? UserRecords() : found->second;
  }
  void create(const Regions& regions, char secret = '1') {
    CreateCredential creation("app", with_password(secret), {"main", regions, 0}, everywhere,
                              "key");
    run(creation);
  }
  // "ams=1 fra=1 route: ams fra", the digit being the password.
  std::string state() {
    const UserRecords records = user();
    std::string text;
    for (const auto& [region, credential] : records.credentials) {
      text.append(region).append("=");
      text += static_cast<char>(credential.password_sha256[0]);
      text += ' ';
    }
    text += records.route ? "route:" : "no route";
    if (records.route) {
      for (const std::string& region : records.route->clusters) text.append(" ").append(region);
    }
    return text;
  }
  std::string grant_keys(const std::string& region) {
    const StoreResult result = stores.at(region).apply(
        wire::RangeRequest{std::string(grant_key_prefix), prefix_end(grant_key_prefix)});
    std::string text;
    for (const KeyValue& kv : std::get<wire::RangeResult>(result.body).values) {
      text.append(kv.key.substr(grant_key_prefix.size())).append("=").append(kv.value);
    }
    return text;
  }

  std::map<std::string, EmbeddedStore> stores;
  std::set<std::string> down;
  std::uint64_t flakiness = 0;
  std::mt19937_64 random{1};
  std::string what;
};

TEST(Administration, CreatesCredentialsInAllRegionsAndThenTheRoute) {
  Stores stores;
  CreateCredential creation("app", with_password('1'), {"main", {"ams", "fra"}, 99}, everywhere,
                            "key");
  std::vector<std::string> order;
  std::optional<StoreStep> step = creation.begin();
  while (step) {
    if (std::holds_alternative<wire::TxnRequest>(step->call)) order.push_back(step->place);
    step = creation.resume(stores.answer(*step));
  }
  EXPECT_EQ(order, (Regions{"ams", "fra", "ams", "fra", ""})) << "grant keys, Credentials, Route";
  EXPECT_EQ(stores.state(), "ams=1 fra=1 route: ams fra");
  EXPECT_EQ(stores.user().route->expiration, 99u);
  EXPECT_TRUE(stores.user().sound());
  EXPECT_EQ(stores.grant_keys("ams"), "main/1=key");
  EXPECT_EQ(stores.grant_keys("sin"), "") << "only where the Route leads";
}

TEST(Administration, TakesTheGrantKeysThatOtherUsersOfTheBranchHave) {
  Stores stores;
  stores.create({"ams"});
  CreateCredential second("second", with_password('1'), {"main", {"fra"}, 0}, everywhere,
                          "another key");
  stores.run(second);
  EXPECT_EQ(stores.grant_keys("fra"), "main/1=key");
}

TEST(Administration, DoesNotCreateWhatExistsOrWhatWasLeftBehind) {
  Stores stores;
  stores.create({"ams"});
  CreateCredential again("app", with_password('2'), {"main", {"fra"}, 0}, everywhere, "key");
  EXPECT_EQ(stores.trouble(again), Kind::exists);
  EXPECT_EQ(stores.state(), "ams=1 route: ams");
  stores.stores[""].apply(wire::DeleteRequest{route_key("app"), ""});
  CreateCredential over_remains("app", with_password('2'), {"main", {"fra", "ams"}, 0}, everywhere,
                                "key");
  EXPECT_EQ(stores.trouble(over_remains), Kind::exists);
  EXPECT_NE(stores.what.find("revoke it first"), std::string::npos) << stores.what;
  EXPECT_EQ(stores.state(), "ams=1 no route") << "what it had written in fra is gone again";
  RevokeCredential cleaning("app", everywhere);
  stores.run(cleaning);
  EXPECT_EQ(stores.state(), "no route");
  CreateCredential nowhere("app", with_password('2'), {"main", {}, 0}, everywhere, "key");
  EXPECT_EQ(stores.trouble(nowhere), Kind::refused);
}

TEST(Administration, AddsARegionWithItsCredentialAndGrantKeysFirst) {
  Stores stores;
  stores.create({"ams"});
  AddRegions adding("app", {"fra", "ams"});
  std::optional<StoreStep> step = adding.begin();
  while (step) {
    EXPECT_TRUE(stores.state() == "ams=1 route: ams" || stores.state() == "ams=1 fra=1 route: ams")
        << stores.state();
    step = adding.resume(stores.answer(*step));
  }
  EXPECT_TRUE(adding.changed());
  EXPECT_EQ(stores.state(), "ams=1 fra=1 route: ams fra");
  EXPECT_EQ(stores.grant_keys("fra"), "main/1=key");
  AddRegions again("app", {"fra"});
  stores.run(again);
  EXPECT_FALSE(again.changed());
  AddRegions nobody("nobody", {"fra"});
  EXPECT_EQ(stores.trouble(nobody), Kind::not_found);
}

TEST(Administration, TakesBackWhatItHadWrittenWhenAnotherRegionFails) {
  Stores stores;
  stores.create({"ams"});
  AddRegions adding("app", {"fra", "sin"});
  std::optional<StoreStep> step = adding.begin();
  try {
    while (step) {
      if (stores.state().find("fra=1") != std::string::npos) stores.down = {"sin"};
      step = adding.resume(stores.answer(*step));
    }
    FAIL() << "sin was down";
  } catch (const AdministrationError& error) {
    EXPECT_EQ(error.kind(), Kind::unavailable);
    EXPECT_EQ(error.place(), "sin");
  }
  EXPECT_EQ(stores.state(), "ams=1 route: ams");
}

TEST(Administration, RemovesARegionFromTheRouteFirst) {
  Stores stores;
  stores.create({"ams", "fra"});
  RemoveRegions removing("app", {"fra"});
  std::optional<StoreStep> step = removing.begin();
  while (step) {
    EXPECT_TRUE(stores.state() == "ams=1 fra=1 route: ams fra" ||
                stores.state() == "ams=1 fra=1 route: ams")
        << stores.state();
    step = removing.resume(stores.answer(*step));
  }
  EXPECT_EQ(stores.state(), "ams=1 route: ams");
  RemoveRegions again("app", {"fra"});
  EXPECT_EQ(stores.trouble(again), Kind::not_found);
  RemoveRegions last("app", {"ams"});
  EXPECT_EQ(stores.trouble(last), Kind::refused);
  EXPECT_EQ(stores.state(), "ams=1 route: ams");
}

TEST(Administration, FinishesARemovalWhoseCopyCouldNotBeReached) {
  Stores stores;
  stores.create({"ams", "fra"});
  RemoveRegions removing("app", {"fra"});
  std::optional<StoreStep> step = removing.begin();
  try {
    while (step) {
      if (stores.state().ends_with("route: ams")) stores.down = {"fra"};
      step = removing.resume(stores.answer(*step));
    }
    FAIL() << "fra was down";
  } catch (const AdministrationError& error) {
    EXPECT_EQ(error.place(), "fra");
  }
  EXPECT_EQ(stores.state(), "ams=1 fra=1 route: ams");
  stores.down.clear();
  RemoveRegions again("app", {"fra"});
  stores.run(again);
  EXPECT_EQ(stores.state(), "ams=1 route: ams");
}

TEST(Administration, RotatesInEveryRegionAndKeepsEverythingElse) {
  Stores stores;
  wire::Credential record = with_password('1');
  record.role = "reader";
  record.expiration = 5;
  CreateCredential creation("app", record, {"main", {"ams", "fra"}, 0}, everywhere, "key");
  stores.run(creation);
  RotateCredential rotation("app", with_password('2', true));
  stores.run(rotation);
  EXPECT_EQ(rotation.done(), (Regions{"ams", "fra"}));
  EXPECT_EQ(stores.state(), "ams=2 fra=2 route: ams fra");
  const wire::Credential after = stores.user().credentials.at("ams");
  EXPECT_EQ(after.role, "reader");
  EXPECT_EQ(after.expiration, 5u);
  EXPECT_EQ(after.id, 7u);
  EXPECT_FALSE(after.password_sha1) << "the native method was not allowed and is not now";
  RotateCredential nobody("nobody", with_password('2'));
  EXPECT_EQ(stores.trouble(nobody), Kind::not_found);
}

TEST(Administration, DoesNotBeginARotationThatCannotEnd) {
  Stores stores;
  stores.create({"ams", "fra"});
  stores.down = {"fra"};
  RotateCredential rotation("app", with_password('2'));
  EXPECT_EQ(stores.trouble(rotation), Kind::unavailable);
  EXPECT_TRUE(rotation.done().empty());
  EXPECT_EQ(stores.state(), "ams=1 fra=1 route: ams fra");
}

TEST(Administration, RevokesWhereverItCanAndSaysWhereItCouldNot) {
  Stores stores;
  stores.create({"ams", "fra", "sin"});
  stores.down = {"ams"};
  RevokeCredential revocation("app", everywhere);
  EXPECT_EQ(stores.trouble(revocation), Kind::unavailable);
  EXPECT_NE(stores.what.find("ams"), std::string::npos) << stores.what;
  EXPECT_EQ(stores.state(), "ams=1 no route");
  stores.down.clear();
  RevokeCredential again("app", everywhere);
  stores.run(again);
  EXPECT_EQ(stores.state(), "no route");
  RevokeCredential nobody("app", everywhere);
  EXPECT_EQ(stores.trouble(nobody), Kind::not_found);
}

TEST(Administration, SurveysThousandsOfUsers) {
  Stores stores;
  for (int i = 0; i < 2'500; ++i) {
    CreateCredential creation(std::string("user").append(std::to_string(i)), with_password('1'),
                              {"main", {"ams"}, 0}, {}, "key");
    stores.run(creation);
  }
  stores.stores["fra"].apply(wire::PutRequest{credential_key("user7"), "nonsense", 0});
  Survey survey(everywhere);
  stores.run(survey);
  EXPECT_EQ(survey.users().size(), 2'500u);
  EXPECT_FALSE(survey.users().at("user7").sound());
  EXPECT_EQ(survey.users().at("user7").unreadable, (Regions{"fra"}));
  EXPECT_TRUE(survey.users().at("user8").sound());
}

// --- many at once
// ---------------------------------------------------------------------------------

std::unique_ptr<Procedure> any_change(std::mt19937_64& random, bool revoke) {
  const std::string region = everywhere[random() % 3];
  const std::string other = everywhere[random() % 3];
  const char secret = static_cast<char>('2' + random() % 8);
  switch (random() % (revoke ? 6 : 3)) {
    case 0:
      return std::make_unique<AddRegions>("app", Regions{region, other});
    case 1:
      return std::make_unique<RemoveRegions>("app", Regions{region});
    case 2:
      return std::make_unique<RotateCredential>("app", with_password(secret));
    case 3:
      return std::make_unique<RevokeCredential>("app", everywhere);
    default: {
      Regions regions{region};
      if (other != region) regions.push_back(other);
      return std::make_unique<CreateCredential>("app", with_password(secret),
                                                wire::Route{"main", regions, 0}, everywhere, "key");
    }
  }
}

// Steps of several changes in any order. `each_step` is called after every one.
void race(Stores& stores, bool revoke, const std::function<void()>& each_step) {
  struct Running {
    std::unique_ptr<Procedure> change;
    std::optional<StoreStep> step;
  };
  std::vector<Running> running;
  for (int i = 0; i < 3; ++i) {
    running.push_back({any_change(stores.random, revoke), std::nullopt});
    running.back().step = running.back().change->begin();
  }
  while (!running.empty()) {
    const std::size_t turn = stores.random() % running.size();
    try {
      running[turn].step = running[turn].change->resume(stores.answer(*running[turn].step));
    } catch (const AdministrationError&) {
      running[turn].step.reset();
    }
    if (!running[turn].step) running.erase(running.begin() + static_cast<std::ptrdiff_t>(turn));
    each_step();
  }
}

TEST(Administration, LeavesUsersSoundWhateverHappensAtOnce) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Stores stores;
    stores.random.seed(seed);
    stores.create({everywhere[seed % 3], everywhere[(seed + 1) % 3]});
    for (int round = 0; round < 3; ++round) race(stores, true, [] {});
    const UserRecords user = stores.user();
    const bool absent = !user.route && user.credentials.empty();
    ASSERT_TRUE(absent || user.sound()) << "seed " << seed << ": " << stores.state();
  }
}

TEST(Administration, NeverShowsARegionWithoutItsCredential) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Stores stores;
    stores.random.seed(seed);
    stores.create({everywhere[seed % 3], everywhere[(seed + 1) % 3]});
    stores.flakiness = seed % 2 == 0 ? 0 : 5;
    for (int round = 0; round < 3; ++round) {
      race(stores, false, [&] {
        const UserRecords user = stores.user();
        ASSERT_TRUE(user.route);
        for (const std::string& region : user.route->clusters) {
          ASSERT_TRUE(user.credentials.contains(region))
              << "seed " << seed << ", region " << region << ": " << stores.state();
        }
      });
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace wanlab::control
