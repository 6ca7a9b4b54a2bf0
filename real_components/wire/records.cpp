// Records to and from their protobuf form. The only check beyond protobuf's own is what no reader
// could use.
#include "real_components/wire/records.hpp"

#include <algorithm>
#include <limits>

#include "real_components/wire/credential.pb.h"
#include "real_components/wire/route.pb.h"
#include "real_components/wire/serialise.hpp"
#include "real_components/wire/topo.pb.h"

namespace wanlab::wire {

void encode(const Route& record, Bytes& out) {
  proto::Route message;
  message.set_branch(record.branch);
  for (const std::string& cluster : record.clusters) message.add_cluster(cluster);
  message.set_expiration(record.expiration);
  append_message(message, out);
}

bool decode(ByteView bytes, Route& record) {
  proto::Route message;
  if (!parse_message(bytes, message)) return false;
  record.branch = std::move(*message.mutable_branch());
  record.clusters.assign(std::make_move_iterator(message.mutable_cluster()->begin()),
                         std::make_move_iterator(message.mutable_cluster()->end()));
  record.expiration = message.expiration();
  return true;
}

void encode(const Credential& record, Bytes& out) {
  proto::Credential message;
  message.set_password_sha256(record.password_sha256.data(), record.password_sha256.size());
  if (record.password_sha1) {
    message.set_password_sha1(record.password_sha1->data(), record.password_sha1->size());
  }
  message.set_role(record.role);
  message.set_tablet_type(static_cast<proto::TabletType>(record.tablet_type));
  message.set_expiration(record.expiration);
  message.set_branch(record.branch);
  message.set_id(record.id);
  message.set_allow_native(record.allow_native);
  append_message(message, out);
}

bool decode(ByteView bytes, Credential& record) {
  proto::Credential message;
  if (!parse_message(bytes, message)) return false;
  const auto copy_exactly = [](const std::string& from, std::span<std::byte> to) {
    if (from.size() != to.size()) return false;
    std::ranges::copy(as_bytes(from), to.begin());
    return true;
  };
  if (!copy_exactly(message.password_sha256(), record.password_sha256)) return false;
  record.password_sha1.reset();
  if (message.has_password_sha1() &&
      !copy_exactly(message.password_sha1(), record.password_sha1.emplace())) {
    return false;
  }
  if (!proto::TabletType_IsValid(message.tablet_type())) return false;
  record.role = std::move(*message.mutable_role());
  record.tablet_type = static_cast<TabletType>(message.tablet_type());
  record.expiration = message.expiration();
  record.branch = std::move(*message.mutable_branch());
  record.id = message.id();
  record.allow_native = message.allow_native();
  return true;
}

void encode(const OriginRecord& record, Bytes& out) {
  proto::OriginRecord message;
  message.set_region(record.region);
  message.set_name(record.name);
  message.set_host(record.host);
  message.set_port(record.port);
  append_message(message, out);
}

bool decode(ByteView bytes, OriginRecord& record) {
  proto::OriginRecord message;
  if (!parse_message(bytes, message)) return false;
  if (message.port() == 0 || message.port() > std::numeric_limits<std::uint16_t>::max()) {
    return false;
  }
  record.region = std::move(*message.mutable_region());
  record.name = std::move(*message.mutable_name());
  record.host = std::move(*message.mutable_host());
  record.port = static_cast<std::uint16_t>(message.port());
  return true;
}

}  // namespace wanlab::wire
