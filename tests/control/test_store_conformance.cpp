// The embedded store under the tests of all stores, in the same process and over a connection.
#include "tests/control/store_conformance.hpp"

namespace wanlab::control {
namespace {

const auto stores =
    ::testing::Values(DriverKind{"Local", [] { return std::make_unique<LocalDriver>(); }},
                      DriverKind{"Connected", [] { return std::make_unique<ConnectedDriver>(); }});
const auto servers =
    ::testing::Values(DriverKind{"Connected", [] { return std::make_unique<ConnectedDriver>(); }});

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, stores, kind_name);
INSTANTIATE_TEST_SUITE_P(Stores, StoreResilience, servers, kind_name);

}  // namespace
}  // namespace wanlab::control
