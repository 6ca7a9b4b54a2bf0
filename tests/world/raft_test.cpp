// Raft under messages that are lost, late, doubled and out of order: at most one leader per term,
// and what is decided stays decided and is the same everywhere.
#include "sim/world/raft.hpp"
#include "sim/base/random.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace wanlab::world {
namespace {

using namespace std::chrono_literals;

struct Cluster;

struct Node final : RaftOwner {
  Cluster* cluster = nullptr;
  std::uint32_t self = 0;
  RaftDisk disk;
  std::unique_ptr<NamedStream> random;
  std::unique_ptr<Raft> raft;
  std::vector<std::uint64_t> confirmed;

  void send_to(std::uint32_t member, const RaftMessage& message) override;
  void on_decided(std::uint64_t index) override;
  void on_read_index(std::uint64_t read, std::uint64_t) override { confirmed.push_back(read); }
};

struct Cluster {
  struct Flight {
    Instant at;
    std::uint32_t to;
    Bytes bytes;
  };
  explicit Cluster(std::uint64_t seed, std::uint32_t size) : chance(seed, "cluster"), nodes(size) {
    for (std::uint32_t i = 0; i < size; ++i) {
      nodes[i].cluster = this;
      nodes[i].self = i;
      boot(i);
    }
  }
  void boot(std::uint32_t i) {
    nodes[i].random = std::make_unique<NamedStream>(++boots, "raft");
    nodes[i].raft =
        std::make_unique<Raft>(i, static_cast<std::uint32_t>(nodes.size()), RaftOptions{},
                               nodes[i].disk, *nodes[i].random, nodes[i]);
    nodes[i].raft->start(now);
  }
  void run(Duration span) {
    for (const Instant end = now + span; now < end; now += 10ms) {
      std::vector<Flight> arriving;
      std::erase_if(flights, [&](Flight& flight) {
        if (flight.at > now) return false;
        arriving.push_back(std::move(flight));
        return true;
      });
      for (const Flight& flight : arriving) {
        RaftMessage message;
        ASSERT_TRUE(decode(flight.bytes, message));
        if (nodes[flight.to].raft) nodes[flight.to].raft->receive(message, now);
      }
      for (Node& node : nodes) {
        if (node.raft) node.raft->tick(now);
      }
      check();
    }
  }
  void check() {
    for (const Node& node : nodes) {
      if (!node.raft || node.raft->role() != Raft::Role::leader) continue;
      const auto [known, fresh] = leader_of.try_emplace(node.raft->term(), node.self);
      ASSERT_EQ(known->second, node.self) << "two leaders in term " << node.raft->term();
    }
  }
  Node* leader() {
    Node* found = nullptr;
    for (Node& node : nodes) {
      if (node.raft && node.raft->role() == Raft::Role::leader &&
          (found == nullptr || node.raft->term() > found->raft->term())) {
        found = &node;
      }
    }
    return found;
  }

  NamedStream chance;
  Instant now{};
  std::vector<Node> nodes;
  std::vector<Flight> flights;
  std::uint64_t boots = 0;
  std::uint64_t loss_percent = 0, slowest_milliseconds = 50;
  std::vector<std::vector<bool>> cut;  // [from][to]
  std::map<std::uint64_t, std::uint32_t> leader_of;
  std::vector<RaftEntry> decided;
};

void Node::send_to(std::uint32_t member, const RaftMessage& message) {
  Cluster& c = *cluster;
  if (!c.cut.empty() && c.cut[self][member]) return;
  const int copies = c.chance.below(20) == 0 ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    if (c.chance.below(100) < c.loss_percent) continue;
    Bytes bytes;
    encode(message, bytes);
    c.flights.push_back(
        {c.now + std::chrono::milliseconds(1 + c.chance.below(c.slowest_milliseconds)), member,
         std::move(bytes)});
  }
}

void Node::on_decided(std::uint64_t index) {
  std::vector<RaftEntry>& decided = cluster->decided;
  for (std::uint64_t i = 1; i <= index; ++i) {
    const RaftEntry& entry = disk.log[i - 1];
    if (i > decided.size()) {
      decided.push_back(entry);
    } else {
      ASSERT_EQ(decided[i - 1].term, entry.term) << "entry " << i << " changed";
      ASSERT_EQ(decided[i - 1].payload, entry.payload);
    }
  }
}

TEST(Raft, ElectsALeaderAndDecidesWhatItIsAsked) {
  Cluster cluster(1, 3);
  cluster.run(5s);
  ASSERT_NE(cluster.leader(), nullptr);
  const auto index = cluster.leader()->raft->propose(Bytes(3, std::byte{7}), cluster.now);
  ASSERT_TRUE(index);
  cluster.run(1s);
  for (const Node& node : cluster.nodes) EXPECT_GE(node.raft->decided(), *index);
  EXPECT_EQ(cluster.leader_of.size(), 1u);
}

TEST(Raft, AMemberThatWasCutOffDisturbsNobodyWhenItComesBack) {
  Cluster cluster(2, 5);
  cluster.run(5s);
  const std::uint64_t term = cluster.leader()->raft->term();
  const std::uint32_t away = (cluster.leader()->self + 1) % 5;
  cluster.cut.assign(5, std::vector<bool>(5, false));
  for (std::uint32_t other = 0; other < 5; ++other) {
    cluster.cut[away][other] = cluster.cut[other][away] = true;
  }
  cluster.run(30s);
  cluster.cut.clear();
  cluster.run(5s);
  EXPECT_EQ(cluster.leader()->raft->term(), term);
}

TEST(Raft, ALeaderWithoutAMajorityStepsDownAndConfirmsNoReads) {
  Cluster cluster(3, 3);
  cluster.run(5s);
  Node& old = *cluster.leader();
  cluster.cut.assign(3, std::vector<bool>(3, false));
  for (std::uint32_t other = 0; other < 3; ++other) {
    cluster.cut[old.self][other] = cluster.cut[other][old.self] = true;
  }
  old.confirmed.clear();
  old.raft->read(99, cluster.now);
  cluster.run(10s);
  EXPECT_TRUE(old.confirmed.empty());
  EXPECT_NE(old.raft->role(), Raft::Role::leader);
  ASSERT_NE(cluster.leader(), nullptr);
  Node& fresh = *cluster.leader();
  fresh.raft->read(100, cluster.now);
  cluster.run(1s);
  EXPECT_EQ(fresh.confirmed, std::vector<std::uint64_t>{100});
}

// Seeds 1 to 40: losses, cuts of random links, processes that end and come back with their disk.
TEST(Raft, AgreesWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Cluster cluster(seed, 3 + 2 * static_cast<std::uint32_t>(seed % 2));
    const auto size = static_cast<std::uint32_t>(cluster.nodes.size());
    std::size_t proposed = 0;
    for (int round = 0; round < 40; ++round) {
      cluster.loss_percent = cluster.chance.below(30);
      cluster.slowest_milliseconds = 1 + cluster.chance.below(400);
      cluster.cut.assign(size, std::vector<bool>(size, false));
      for (auto& row : cluster.cut) {
        for (std::size_t to = 0; to < size; ++to) row[to] = cluster.chance.below(8) == 0;
      }
      const auto victim = static_cast<std::uint32_t>(cluster.chance.below(size));
      if (cluster.chance.below(3) == 0) cluster.nodes[victim].raft.reset();
      cluster.run(1500ms);
      if (HasFatalFailure()) return;
      for (Node& node : cluster.nodes) {
        if (node.raft && node.raft->propose(Bytes(1, static_cast<std::byte>(round)), cluster.now)) {
          ++proposed;
        }
      }
      for (std::uint32_t i = 0; i < size; ++i) {
        if (!cluster.nodes[i].raft) cluster.boot(i);
      }
    }
    cluster.cut.clear();
    cluster.loss_percent = 0;
    cluster.slowest_milliseconds = 50;
    cluster.run(10s);
    ASSERT_NE(cluster.leader(), nullptr);
    EXPECT_GT(proposed, 5u);
    for (const Node& node : cluster.nodes) {
      EXPECT_EQ(node.raft->decided(), cluster.leader()->raft->last());
    }
  }
}

}  // namespace
}  // namespace wanlab::world
