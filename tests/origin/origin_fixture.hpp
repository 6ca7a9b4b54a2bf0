// One origin with its store and databases, and two edges that speak to it. Without clients.
#pragma once

#include "tests/edge/small_network.hpp"
#include "tests/origin/fake_edge.hpp"

#include <gtest/gtest.h>

namespace wanlab::testing {

struct OriginFixture : ::testing::Test {
  SmallNetwork net;
  std::unique_ptr<FakeEdge> edge;
  std::unique_ptr<FakeEdge> other_edge;

  void start() {
    net.add_region("ams");
    net.add_user("app", {});
    edge = std::make_unique<FakeEdge>(net.world, "edge-1", net.origin_config.fleet_nonce_key);
    other_edge = std::make_unique<FakeEdge>(net.world, "edge-2", net.origin_config.fleet_nonce_key);
    edge->connect("origin-1.ams");
    other_edge->connect("origin-1.ams");
    net.run(std::chrono::seconds(2));
  }
  origin::OriginNode& origin() { return *net.region(0).origin; }
  TinyDatabase& primary() { return *net.region(0).databases[0]; }
  // Why the last login was refused.
  origin::LoginVerdict last_verdict() const {
    for (auto event = net.world.trace.rbegin(); event != net.world.trace.rend(); ++event) {
      if (event->kind == runtime::TraceKind::proof_rejected) {
        return static_cast<origin::LoginVerdict>(event->a);
      }
    }
    return origin::LoginVerdict::granted;
  }
};

}  // namespace wanlab::testing
