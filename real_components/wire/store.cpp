// The store's messages to and from their protobuf form.
#include "real_components/wire/store.hpp"

#include "real_components/wire/serialise.hpp"
#include "real_components/wire/store.pb.h"

namespace wanlab::wire {

std::string_view to_string(StoreStatus status) {
  switch (status) {
    case StoreStatus::ok:
      return "ok";
    case StoreStatus::compacted:
      return "compacted";
    case StoreStatus::future_revision:
      return "future revision";
    case StoreStatus::invalid_request:
      return "invalid request";
    case StoreStatus::too_large:
      return "request too large";
    case StoreStatus::lease_not_found:
      return "lease not found";
    case StoreStatus::lease_exists:
      return "lease exists";
    case StoreStatus::permission_denied:
      return "permission denied";
    case StoreStatus::unavailable:
      return "unavailable";
    case StoreStatus::unknown_outcome:
      return "unknown outcome";
  }
  return "unknown";
}

namespace {

template <typename... Alternatives>
struct Overloaded : Alternatives... {
  using Alternatives::operator()...;
};
template <typename... Alternatives>
Overloaded(Alternatives...) -> Overloaded<Alternatives...>;

// --- plain to protobuf: fill(from, to) -----------------------------------------------------------

void fill(const KeyValue& from, proto::KeyValue& to) {
  to.set_key(from.key);
  to.set_value(from.value);
  to.set_create_revision(from.create_revision);
  to.set_mod_revision(from.mod_revision);
  to.set_version(from.version);
  to.set_lease(from.lease);
}
void fill(const RangeRequest& from, proto::RangeRequest& to) {
  to.set_key(from.key);
  to.set_range_end(from.range_end);
  to.set_revision(from.revision);
  to.set_limit(from.limit);
  to.set_keys_only(from.keys_only);
  to.set_count_only(from.count_only);
  to.set_serializable(from.serializable);
}
void fill(const RangeResult& from, proto::RangeResult& to) {
  for (const KeyValue& value : from.values) fill(value, *to.add_values());
  to.set_more(from.more);
  to.set_count(from.count);
}
void fill(const PutRequest& from, proto::PutRequest& to) {
  to.set_key(from.key);
  to.set_value(from.value);
  to.set_lease(from.lease);
}
void fill(const DeleteRequest& from, proto::DeleteRequest& to) {
  to.set_key(from.key);
  to.set_range_end(from.range_end);
}
void fill(const Operation& from, proto::Operation& to) {
  std::visit(Overloaded{[&](const RangeRequest& body) { fill(body, *to.mutable_range()); },
                        [&](const PutRequest& body) { fill(body, *to.mutable_put()); },
                        [&](const DeleteRequest& body) { fill(body, *to.mutable_delete_()); }},
             from);
}
void fill(const OperationResult& from, proto::OperationResult& to) {
  std::visit(Overloaded{[&](const RangeResult& body) { fill(body, *to.mutable_range()); },
                        [&](const PutResult&) { to.mutable_put(); },
                        [&](const DeleteResult& body) {
                          to.mutable_delete_()->set_deleted(body.deleted);
                        }},
             from);
}
void fill(const TxnRequest& from, proto::TxnRequest& to) {
  for (const Compare& compare : from.compares) {
    proto::Compare& added = *to.add_compares();
    added.set_target(static_cast<std::uint32_t>(compare.target));
    added.set_relation(static_cast<std::uint32_t>(compare.relation));
    added.set_key(compare.key);
    added.set_number(compare.number);
    added.set_value(compare.value);
  }
  for (const Operation& operation : from.success) fill(operation, *to.add_success());
  for (const Operation& operation : from.failure) fill(operation, *to.add_failure());
}
void fill(const WatchNotice& from, proto::StoreResponse& to) {
  to.set_cluster_id(from.cluster_id);
  to.set_revision(from.revision);
  switch (from.kind) {
    case WatchNotice::Kind::created:
      to.mutable_watch_created()->set_watch(from.watch);
      break;
    case WatchNotice::Kind::progress:
      to.mutable_watch_progress()->set_watch(from.watch);
      break;
    case WatchNotice::Kind::events: {
      proto::WatchEvents& events = *to.mutable_watch_events();
      events.set_watch(from.watch);
      for (const Event& event : from.events) {
        proto::Event& added = *events.add_events();
        added.set_deleted(event.deleted);
        fill(event.kv, *added.mutable_kv());
      }
      break;
    }
    case WatchNotice::Kind::canceled:
      to.mutable_watch_canceled()->set_watch(from.watch);
      to.mutable_watch_canceled()->set_reason(static_cast<std::uint32_t>(from.reason));
      to.mutable_watch_canceled()->set_compact_revision(from.compact_revision);
      break;
  }
}

// --- protobuf to plain: take(from, to); from is used up ------------------------------------------

void take(proto::KeyValue& from, KeyValue& to) {
  to.key = std::move(*from.mutable_key());
  to.value = std::move(*from.mutable_value());
  to.create_revision = from.create_revision();
  to.mod_revision = from.mod_revision();
  to.version = from.version();
  to.lease = from.lease();
}
RangeRequest taken(proto::RangeRequest& from) {
  return {std::move(*from.mutable_key()),
          std::move(*from.mutable_range_end()),
          from.revision(),
          from.limit(),
          from.keys_only(),
          from.count_only(),
          from.serializable()};
}
RangeResult taken(proto::RangeResult& from) {
  RangeResult to;
  to.values.resize(static_cast<std::size_t>(from.values_size()));
  for (int i = 0; i < from.values_size(); ++i) {
    take(*from.mutable_values(i), to.values[static_cast<std::size_t>(i)]);
  }
  to.more = from.more();
  to.count = from.count();
  return to;
}
PutRequest taken(proto::PutRequest& from) {
  return {std::move(*from.mutable_key()), std::move(*from.mutable_value()), from.lease()};
}
DeleteRequest taken(proto::DeleteRequest& from) {
  return {std::move(*from.mutable_key()), std::move(*from.mutable_range_end())};
}
bool take(google::protobuf::RepeatedPtrField<proto::Operation>& from, std::vector<Operation>& to) {
  for (proto::Operation& operation : from) {
    switch (operation.kind_case()) {
      case proto::Operation::kRange:
        to.emplace_back(taken(*operation.mutable_range()));
        break;
      case proto::Operation::kPut:
        to.emplace_back(taken(*operation.mutable_put()));
        break;
      case proto::Operation::kDelete:
        to.emplace_back(taken(*operation.mutable_delete_()));
        break;
      case proto::Operation::KIND_NOT_SET:
        return false;
    }
  }
  return true;
}
bool take(proto::TxnRequest& from, TxnRequest& to) {
  for (proto::Compare& compare : *from.mutable_compares()) {
    if (compare.target() > static_cast<std::uint32_t>(Compare::Target::value) ||
        compare.relation() > static_cast<std::uint32_t>(Compare::Relation::not_equal)) {
      return false;
    }
    to.compares.push_back({static_cast<Compare::Target>(compare.target()),
                           static_cast<Compare::Relation>(compare.relation()),
                           std::move(*compare.mutable_key()), compare.number(),
                           std::move(*compare.mutable_value())});
  }
  return take(*from.mutable_success(), to.success) && take(*from.mutable_failure(), to.failure);
}
bool take(proto::TxnResult& from, TxnResult& to) {
  to.succeeded = from.succeeded();
  for (proto::OperationResult& result : *from.mutable_results()) {
    switch (result.kind_case()) {
      case proto::OperationResult::kRange:
        to.results.emplace_back(taken(*result.mutable_range()));
        break;
      case proto::OperationResult::kPut:
        to.results.emplace_back(PutResult{});
        break;
      case proto::OperationResult::kDelete:
        to.results.emplace_back(DeleteResult{result.delete_().deleted()});
        break;
      case proto::OperationResult::KIND_NOT_SET:
        return false;
    }
  }
  return true;
}
bool take_status(std::uint32_t from, StoreStatus& to) {
  if (from > static_cast<std::uint32_t>(StoreStatus::unknown_outcome)) return false;
  to = static_cast<StoreStatus>(from);
  return true;
}
bool take_notice(proto::StoreResponse& from, WatchNotice& to) {
  to.cluster_id = from.cluster_id();
  to.revision = from.revision();
  switch (from.body_case()) {
    case proto::StoreResponse::kWatchCreated:
      to.kind = WatchNotice::Kind::created;
      to.watch = from.watch_created().watch();
      return true;
    case proto::StoreResponse::kWatchProgress:
      to.kind = WatchNotice::Kind::progress;
      to.watch = from.watch_progress().watch();
      return true;
    case proto::StoreResponse::kWatchEvents: {
      proto::WatchEvents& events = *from.mutable_watch_events();
      to.kind = WatchNotice::Kind::events;
      to.watch = events.watch();
      to.events.resize(static_cast<std::size_t>(events.events_size()));
      for (int i = 0; i < events.events_size(); ++i) {
        Event& event = to.events[static_cast<std::size_t>(i)];
        event.deleted = events.events(i).deleted();
        take(*events.mutable_events(i)->mutable_kv(), event.kv);
      }
      return true;
    }
    default:
      to.kind = WatchNotice::Kind::canceled;
      to.watch = from.watch_canceled().watch();
      to.compact_revision = from.watch_canceled().compact_revision();
      return take_status(from.watch_canceled().reason(), to.reason);
  }
}

}  // namespace

void encode(const StoreRequestMessage& message, Bytes& out) {
  proto::StoreRequest to;
  to.set_id(message.id);
  const auto fill_call = Overloaded{
      [&](const RangeRequest& body) { fill(body, *to.mutable_range()); },
      [&](const PutRequest& body) { fill(body, *to.mutable_put()); },
      [&](const DeleteRequest& body) { fill(body, *to.mutable_delete_()); },
      [&](const TxnRequest& body) { fill(body, *to.mutable_txn()); },
      [&](const CompactRequest& body) { to.mutable_compact()->set_revision(body.revision); },
      [&](const LeaseGrantRequest& body) {
        to.mutable_lease_grant()->set_id(body.id);
        to.mutable_lease_grant()->set_ttl_seconds(body.ttl_seconds);
      },
      [&](const LeaseKeepAliveRequest& body) { to.mutable_lease_keep_alive()->set_id(body.id); },
      [&](const LeaseRevokeRequest& body) { to.mutable_lease_revoke()->set_id(body.id); }};
  std::visit(Overloaded{[&](const StoreCall& call) { std::visit(fill_call, call); },
                        [&](const WatchCreate& create) {
                          proto::WatchCreate& body = *to.mutable_watch_create();
                          body.set_watch(create.watch);
                          body.set_key(create.request.key);
                          body.set_range_end(create.request.range_end);
                          body.set_start_revision(create.request.start_revision);
                          body.set_progress_notify(create.request.progress_notify);
                        },
                        [&](const WatchCancel& cancel) {
                          to.mutable_watch_cancel()->set_watch(cancel.watch);
                        },
                        [&](const Ping&) { to.mutable_ping(); }},
             message.body);
  append_message(to, out);
}

bool decode(ByteView bytes, StoreRequestMessage& message) {
  proto::StoreRequest from;
  if (!parse_message(bytes, from)) return false;
  message.id = from.id();
  switch (from.body_case()) {
    case proto::StoreRequest::kRange:
      message.body = StoreCall{taken(*from.mutable_range())};
      return true;
    case proto::StoreRequest::kPut:
      message.body = StoreCall{taken(*from.mutable_put())};
      return true;
    case proto::StoreRequest::kDelete:
      message.body = StoreCall{taken(*from.mutable_delete_())};
      return true;
    case proto::StoreRequest::kTxn: {
      TxnRequest txn;
      if (!take(*from.mutable_txn(), txn)) return false;
      message.body = StoreCall{std::move(txn)};
      return true;
    }
    case proto::StoreRequest::kCompact:
      message.body = StoreCall{CompactRequest{from.compact().revision()}};
      return true;
    case proto::StoreRequest::kLeaseGrant:
      message.body =
          StoreCall{LeaseGrantRequest{from.lease_grant().id(), from.lease_grant().ttl_seconds()}};
      return true;
    case proto::StoreRequest::kLeaseKeepAlive:
      message.body = StoreCall{LeaseKeepAliveRequest{from.lease_keep_alive().id()}};
      return true;
    case proto::StoreRequest::kLeaseRevoke:
      message.body = StoreCall{LeaseRevokeRequest{from.lease_revoke().id()}};
      return true;
    case proto::StoreRequest::kWatchCreate: {
      proto::WatchCreate& create = *from.mutable_watch_create();
      message.body =
          WatchCreate{create.watch(),
                      {std::move(*create.mutable_key()), std::move(*create.mutable_range_end()),
                       create.start_revision(), create.progress_notify()}};
      return true;
    }
    case proto::StoreRequest::kWatchCancel:
      message.body = WatchCancel{from.watch_cancel().watch()};
      return true;
    case proto::StoreRequest::kPing:
      message.body = Ping{};
      return true;
    case proto::StoreRequest::BODY_NOT_SET:
      return false;
  }
  return false;
}

void encode(const StoreResponseMessage& message, Bytes& out) {
  proto::StoreResponse to;
  to.set_id(message.id);
  const auto fill_result =
      Overloaded{[](std::monostate) {},
                 [&](const RangeResult& body) { fill(body, *to.mutable_range()); },
                 [&](const PutResult&) { to.mutable_put(); },
                 [&](const DeleteResult& body) { to.mutable_delete_()->set_deleted(body.deleted); },
                 [&](const TxnResult& body) {
                   to.mutable_txn()->set_succeeded(body.succeeded);
                   for (const OperationResult& result : body.results) {
                     fill(result, *to.mutable_txn()->add_results());
                   }
                 },
                 [&](const CompactResult&) { to.mutable_compact(); },
                 [&](const LeaseResult& body) {
                   to.mutable_lease()->set_id(body.id);
                   to.mutable_lease()->set_ttl_seconds(body.ttl_seconds);
                 }};
  std::visit(Overloaded{[&](const StoreResult& result) {
                          to.set_status(static_cast<std::uint32_t>(result.status));
                          to.set_cluster_id(result.cluster_id);
                          to.set_revision(result.revision);
                          to.set_compact_revision(result.compact_revision);
                          std::visit(fill_result, result.body);
                        },
                        [&](const WatchNotice& notice) { fill(notice, to); },
                        [&](const Pong&) { to.mutable_pong(); }},
             message.body);
  append_message(to, out);
}

bool decode(ByteView bytes, StoreResponseMessage& message) {
  proto::StoreResponse from;
  if (!parse_message(bytes, from)) return false;
  message.id = from.id();
  switch (from.body_case()) {
    case proto::StoreResponse::kPong:
      message.body = Pong{};
      return true;
    case proto::StoreResponse::kWatchCreated:
    case proto::StoreResponse::kWatchEvents:
    case proto::StoreResponse::kWatchProgress:
    case proto::StoreResponse::kWatchCanceled:
      return take_notice(from, message.body.emplace<WatchNotice>());
    default:
      break;
  }
  StoreResult& result = message.body.emplace<StoreResult>();
  result.cluster_id = from.cluster_id();
  result.revision = from.revision();
  result.compact_revision = from.compact_revision();
  if (!take_status(from.status(), result.status)) return false;
  switch (from.body_case()) {
    case proto::StoreResponse::kRange:
      result.body = taken(*from.mutable_range());
      return true;
    case proto::StoreResponse::kPut:
      result.body = PutResult{};
      return true;
    case proto::StoreResponse::kDelete:
      result.body = DeleteResult{from.delete_().deleted()};
      return true;
    case proto::StoreResponse::kTxn:
      return take(*from.mutable_txn(), result.body.emplace<TxnResult>());
    case proto::StoreResponse::kCompact:
      result.body = CompactResult{};
      return true;
    case proto::StoreResponse::kLease:
      result.body = LeaseResult{from.lease().id(), from.lease().ttl_seconds()};
      return true;
    default:
      return true;
  }
}

}  // namespace wanlab::wire
