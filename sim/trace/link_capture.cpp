// From segments to numbered, acknowledged and checksummed packets.
#include "sim/trace/link_capture.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace wanlab::trace {

using network::MessageKind;

namespace {

constexpr std::uint16_t mysql_port = 3306;

// Flags of TCP.
constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, push = 0x08, ack = 0x10;

template <typename Unsigned>
void put_little(std::string& out, Unsigned value) {
  for (unsigned i = 0; i < sizeof(Unsigned); ++i) {
    out += static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  }
}
template <typename Unsigned>
void put_big(std::string& out, Unsigned value) {
  for (unsigned i = sizeof(Unsigned); i-- > 0;) {
    out += static_cast<char>((static_cast<std::uint64_t>(value) >> (8 * i)) & 0xff);
  }
}
void pad_to_four(std::string& out) {
  while (out.size() % 4 != 0) out += '\0';
}

// The address that hosts see of each other, see sim/world/host.cpp.
std::string address_of(std::uint64_t name_hash) {
  std::string address(16, '\0');
  address[0] = static_cast<char>(0xfd);
  for (unsigned i = 0; i < 8; ++i) {
    address[8 + i] = static_cast<char>((name_hash >> (8 * i)) & 0xff);
  }
  return address;
}

std::uint32_t sum_of(std::string_view bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(byte) << 8 : byte;
  }
  return sum;
}

std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

struct Header {
  std::string source, target;  // addresses
  std::uint16_t source_port = 0, target_port = 0;
  std::uint32_t sequence = 0, acknowledged = 0;
  std::uint8_t flags = 0;
};

std::string ip_packet(const Header& header, std::string_view payload) {
  std::string tcp;
  put_big(tcp, header.source_port);
  put_big(tcp, header.target_port);
  put_big(tcp, header.sequence);
  put_big(tcp, (header.flags & ack) != 0 ? header.acknowledged : 0u);
  put_big(tcp, std::uint8_t{5 << 4});
  put_big(tcp, header.flags);
  put_big(tcp, std::uint16_t{0xffff});  // window; the simulation's is not on the wire
  put_big(tcp, std::uint16_t{0});
  put_big(tcp, std::uint16_t{0});
  tcp += payload;
  std::string pseudo = header.source + header.target;
  put_big(pseudo, static_cast<std::uint32_t>(tcp.size()));
  put_big(pseudo, std::uint32_t{6});
  const std::uint16_t checksum = folded(sum_of(pseudo) + sum_of(tcp));
  tcp[16] = static_cast<char>(checksum >> 8);
  tcp[17] = static_cast<char>(checksum & 0xff);

  std::string packet;
  put_big(packet, std::uint32_t{0x60000000});
  put_big(packet, static_cast<std::uint16_t>(tcp.size()));
  put_big(packet, std::uint8_t{6});
  put_big(packet, std::uint8_t{64});
  return packet + header.source + header.target + tcp;
}

void put_block(std::string& out, std::uint32_t type, std::string body) {
  pad_to_four(body);
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  put_little(out, type);
  put_little(out, length);
  out += body;
  put_little(out, length);
}
void put_option(std::string& body, std::uint16_t code, std::string_view value) {
  put_little(body, code);
  put_little(body, static_cast<std::uint16_t>(value.size()));
  body += value;
  pad_to_four(body);
}

bool is_tls_flight(MessageKind kind) {
  return kind == MessageKind::client_hello || kind == MessageKind::server_flight ||
         kind == MessageKind::client_finish || kind == MessageKind::server_finish;
}

std::uint8_t flags_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::syn:
      return syn;
    case MessageKind::syn_ack:
      return syn | ack;
    case MessageKind::finish:
      return fin | ack;
    case MessageKind::reset:
    case MessageKind::refused:
      return rst | ack;
    case MessageKind::data:
      return push | ack;
    default:
      return ack;
  }
}

}  // namespace

LinkCapture::Connection* LinkCapture::connection_of(const network::Segment& segment) {
  const auto found = connections_.find(segment.connection);
  if (found != connections_.end()) return &found->second;
  if (segment.kind != MessageKind::syn) return nullptr;
  const network::Machine &client = segment.from, &server = segment.to;
  const bool near_client = near_(client.name) && far_(server.name);
  if (!near_client && !(near_(server.name) && far_(client.name))) return nullptr;
  Connection& added = connections_[segment.connection];
  added.client = {std::string(client.name), client.name_hash,
                  static_cast<std::uint16_t>(1024 + segment.connection % 64'512)};
  added.server = {std::string(server.name), server.name_hash, segment.port};
  added.near_client = near_client;
  if (segment.port != mysql_port) added.login = Login::done;
  return &added;
}

void LinkCapture::passes(const network::Segment& segment) {
  if (is_tls_flight(segment.kind)) return;
  Connection* connection = connection_of(segment);
  if (connection == nullptr) return;
  std::string payload(as_text(segment.payload));
  if (segment.kind == MessageKind::data) {
    payload = without_tls(*connection, segment.from_server, std::move(payload));
    if (payload.empty()) return;
  }
  packets_.push_back({segment.connection, segment.from_server, segment.kind, std::move(payload),
                      segment.departs, segment.arrives});
}

// MySQL packets: three bytes of length, one of numbering, then the payload. During a login each
// message holds whole ones.
std::string LinkCapture::without_tls(Connection& connection, bool from_server,
                                     std::string payload) {
  if (connection.login == Login::done) return payload;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(payload[at]); };
  const auto clear_flag = [&](std::size_t at) {  // CLIENT_SSL, bit 11
    if (at + 1 < payload.size()) payload[at + 1] = static_cast<char>(byte(at + 1) & ~0x08);
  };
  if (payload.size() < 5) return payload;
  if (connection.login == Login::greeting) {
    if (!from_server || byte(4) != 10) {
      connection.login = Login::done;
      return payload;
    }
    const std::size_t version_ends = payload.find('\0', 5);
    if (version_ends != std::string::npos) clear_flag(version_ends + 1 + 4 + 8 + 1);
    connection.login = Login::request;
    return payload;
  }
  if (connection.login == Login::request && !from_server) {
    connection.login = Login::after_request;
    constexpr std::size_t request_size = 36;
    if (payload.size() == request_size && (byte(5) & 0x08) != 0) {
      connection.renumber = true;
      connection.login = Login::request;
      return {};
    }
    clear_flag(4);
  }
  for (std::size_t at = 0; at + 4 < payload.size();) {
    const std::size_t length =
        byte(at) | std::size_t{byte(at + 1)} << 8 | std::size_t{byte(at + 2)} << 16;
    if (connection.renumber && byte(at + 3) > 0) --payload[at + 3];
    const bool verdict = from_server && (byte(at + 4) == 0x00 || byte(at + 4) == 0xff);
    if (verdict) {
      connection.login = Login::done;
      break;
    }
    at += 4 + length;
  }
  return payload;
}

std::string LinkCapture::pcapng(std::string_view comment) const {
  std::string out, body;
  put_little(body, std::uint32_t{0x1a2b3c4d});
  put_little(body, std::uint16_t{1});
  put_little(body, std::uint16_t{0});
  put_little(body, ~std::uint64_t{0});
  put_option(body, 1, comment);
  put_option(body, 4, "wanlab");
  put_option(body, 0, {});
  put_block(out, 0x0a0d0d0a, body);
  body.clear();
  put_little(body, std::uint16_t{101});  // LINKTYPE_RAW: IP without a frame around it
  put_little(body, std::uint16_t{0});
  put_little(body, std::uint32_t{0});
  put_option(body, 9, std::string(1, 9));  // nanoseconds
  put_option(body, 0, {});
  put_block(out, 1, body);

  body.clear();  // who has which address
  std::map<std::string, std::uint64_t> hosts;
  for (const auto& [number, connection] : connections_) {
    hosts[connection.client.host] = connection.client.name_hash;
    hosts[connection.server.host] = connection.server.name_hash;
  }
  for (const auto& [host, name_hash] : hosts) {
    put_little(body, std::uint16_t{2});
    put_little(body, static_cast<std::uint16_t>(16 + host.size() + 1));
    body += address_of(name_hash) + host + '\0';
    pad_to_four(body);
  }
  put_little(body, std::uint32_t{0});
  put_block(out, 4, body);

  // Per direction, in the order of sending: where each packet begins in the stream of bytes.
  struct Numbered {
    const Packet* packet;
    std::uint32_t sequence, ends, acknowledged;
    std::int64_t seen;
  };
  std::map<std::uint64_t, std::vector<Numbered>> by_connection;
  for (const Packet& packet : packets_) {
    by_connection[packet.connection].push_back({&packet, 0, 0, 0, 0});
  }
  std::vector<Numbered> all;
  for (auto& [number, packets] : by_connection) {
    std::stable_sort(packets.begin(), packets.end(),
                     [](const Numbered& one, const Numbered& other) {
                       return one.packet->departs < other.packet->departs;
                     });
    std::array<std::uint32_t, 2> next{0, 0};
    for (Numbered& entry : packets) {
      const Packet& packet = *entry.packet;
      std::uint32_t& at = next[packet.from_server];
      const std::uint8_t flags = flags_of(packet.kind);
      entry.sequence = (flags & syn) != 0 ? 0 : at;  // a SYN that is repeated begins anew
      entry.ends = entry.sequence + static_cast<std::uint32_t>(packet.payload.size()) +
                   ((flags & (syn | fin)) != 0 ? 1 : 0);
      at = std::max(at, entry.ends);
    }
    const bool near_client = connections_.at(number).near_client;
    // What each side has heard by when: arrivals in order, with the highest byte so far.
    std::array<std::vector<std::pair<std::int64_t, std::uint32_t>>, 2> heard;
    for (const Numbered& entry : packets) {
      if (entry.packet->arrives < 0) continue;
      heard[entry.packet->from_server].emplace_back(entry.packet->arrives, entry.ends);
    }
    for (auto& arrivals : heard) {
      std::sort(arrivals.begin(), arrivals.end());
      std::uint32_t highest = 0;
      for (auto& [when, ends] : arrivals) ends = highest = std::max(highest, ends);
    }
    for (Numbered& entry : packets) {
      const auto& arrivals = heard[!entry.packet->from_server];
      const auto later = std::upper_bound(
          arrivals.begin(), arrivals.end(),
          std::pair(entry.packet->departs, std::numeric_limits<std::uint32_t>::max()));
      if (later != arrivals.begin()) entry.acknowledged = std::prev(later)->second;
      const bool leaves = entry.packet->from_server != near_client;
      entry.seen = leaves ? entry.packet->departs : entry.packet->arrives;
      if (entry.seen >= 0) all.push_back(entry);
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Numbered& one, const Numbered& other) {
    return one.seen < other.seen;
  });

  for (const Numbered& entry : all) {
    const Packet& packet = *entry.packet;
    const Connection& connection = connections_.at(packet.connection);
    const Side& from = packet.from_server ? connection.server : connection.client;
    const Side& to = packet.from_server ? connection.client : connection.server;
    Header header{
        address_of(from.name_hash), address_of(to.name_hash), from.port, to.port, entry.sequence,
        entry.acknowledged,         flags_of(packet.kind)};
    std::string_view rest = packet.payload;
    do {
      const std::string_view piece = rest.substr(0, network::segment_payload);
      rest.remove_prefix(piece.size());
      const std::string bytes = ip_packet(header, piece);
      header.sequence += static_cast<std::uint32_t>(piece.size());
      body.clear();
      put_little(body, std::uint32_t{0});
      const auto seen = static_cast<std::uint64_t>(entry.seen);
      put_little(body, static_cast<std::uint32_t>(seen >> 32));
      put_little(body, static_cast<std::uint32_t>(seen));
      put_little(body, static_cast<std::uint32_t>(bytes.size()));
      put_little(body, static_cast<std::uint32_t>(bytes.size()));
      put_block(out, 6, body + bytes);
    } while (!rest.empty());
  }
  return out;
}

}  // namespace wanlab::trace
