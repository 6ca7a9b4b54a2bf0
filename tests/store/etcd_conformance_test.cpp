// A real etcd under the tests of all stores, as Debian 12 packages it (3.4.23). What is tolerated
// there is written in tests/store/TOLERATED.md; what the client does about the rest, in EtcdStore.
#include "tests/control/store_conformance.hpp"
#include "tests/store/etcd_driver.hpp"

namespace wanlab::control {
namespace {

const auto etcd =
    ::testing::Values(DriverKind{"Etcd", [] { return std::make_unique<testing::EtcdDriver>(); }});

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance, etcd, kind_name);
INSTANTIATE_TEST_SUITE_P(Stores, StoreResilience, etcd, kind_name);

}  // namespace
}  // namespace wanlab::control
