// Messages of 128 bytes, one way, over point-to-point links of 40 ms and 10 Gbit/s: one every
// millisecond for each pair of nodes, as UDP datagrams over IPv4 without queueing disciplines.
//   ns3_messages SCHEDULER PAIRS MESSAGES_PER_ROUND
#include "benchmarks/peers/rounds.hpp"

#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/traffic-control-module.h>

#include <string>

namespace {

wanlab::bench::Rounds* rounds;

void send(ns3::Ptr<ns3::Socket> socket) {
  socket->Send(ns3::Create<ns3::Packet>(128));
  ns3::Simulator::Schedule(ns3::MilliSeconds(1), &send, socket);
}

void receive(ns3::Ptr<ns3::Socket> socket) {
  while (ns3::Ptr<ns3::Packet> packet = socket->Recv()) rounds->tick();
}

}  // namespace

int main(int, char** argv) {
  const auto pairs = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
  const auto per_round = std::strtoull(argv[3], nullptr, 10);
  ns3::ObjectFactory scheduler;
  scheduler.SetTypeId(std::string("ns3::") + argv[1]);
  ns3::Simulator::SetScheduler(scheduler);

  ns3::NodeContainer nodes;
  nodes.Create(2 * pairs);
  ns3::InternetStackHelper internet;
  internet.SetIpv6StackInstall(false);
  internet.Install(nodes);
  ns3::PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", ns3::StringValue("10Gbps"));
  link.SetChannelAttribute("Delay", ns3::StringValue("40ms"));
  ns3::Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  wanlab::bench::Rounds all(pairs * 100, per_round, pairs);
  rounds = &all;
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const auto devices = link.Install(nodes.Get(2 * i), nodes.Get(2 * i + 1));
    const auto interfaces = addresses.Assign(devices);
    addresses.NewNetwork();
    ns3::TrafficControlHelper().Uninstall(devices);
    const auto udp = ns3::UdpSocketFactory::GetTypeId();
    auto receiver = ns3::Socket::CreateSocket(nodes.Get(2 * i + 1), udp);
    receiver->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 9));
    receiver->SetRecvCallback(ns3::MakeCallback(&receive));
    auto sender = ns3::Socket::CreateSocket(nodes.Get(2 * i), udp);
    sender->Connect(ns3::InetSocketAddress(interfaces.GetAddress(1), 9));
    ns3::Simulator::Schedule(ns3::NanoSeconds(1'000'000ull * i / pairs), &send, sender);
  }
  ns3::Simulator::Run();
}
