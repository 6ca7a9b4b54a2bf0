// The fixture under which every store is tested. The tests are in store_conformance.cpp (what a
// store promises) and store_resilience.cpp (what it promises while its server dies, sleeps or is
// cut off); a test program compiles both and instantiates them for its stores.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "tests/control/store_driver.hpp"

namespace wanlab::control {

struct DriverKind {
  const char* name;
  std::function<std::unique_ptr<StoreDriver>()> make;
};
inline void PrintTo(const DriverKind& kind, std::ostream* out) {
  *out << kind.name;
}
inline std::string kind_name(const ::testing::TestParamInfo<DriverKind>& kind) {
  return kind.param.name;
}

class StoreTest : public ::testing::TestWithParam<DriverKind> {
 protected:
  StoreTest() : driver(GetParam().make()) {}

  StoreResult call(StoreCall request) { return driver->call(std::move(request)); }
  Revision put(std::string key, std::string value, std::int64_t lease = 0) {
    const StoreResult result = call(wire::PutRequest{std::move(key), std::move(value), lease});
    EXPECT_EQ(result.status, StoreStatus::ok);
    return result.revision;
  }
  std::int64_t remove(std::string key, std::string end = "") {
    return std::get<wire::DeleteResult>(
               call(wire::DeleteRequest{std::move(key), std::move(end)}).body)
        .deleted;
  }
  wire::RangeResult range(wire::RangeRequest request) {
    StoreResult result = call(std::move(request));
    EXPECT_EQ(result.status, StoreStatus::ok);
    return std::get<wire::RangeResult>(result.body);
  }
  std::string listed(wire::RangeRequest request) {
    std::string text;
    for (const KeyValue& kv : range(std::move(request)).values) {
      if (!text.empty()) text += ' ';
      text += kv.key;
      text += '=';
      text += kv.value;
    }
    return text;
  }
  Revision revision() { return call(wire::RangeRequest{"any", "", 0, 0, false, true}).revision; }

  bool heard_the_end() const {
    return !recorder.notices.empty() &&
           recorder.notices.back().kind == WatchNotice::Kind::canceled;
  }

  Recorder recorder;
  std::unique_ptr<StoreDriver> driver;
};

class StoreConformance : public StoreTest {};
class StoreResilience : public StoreTest {};

}  // namespace wanlab::control
