#include "real_components/hosting/etcd/messages.hpp"

#include <type_traits>
#include <utility>

namespace wanlab::hosting {

using control::StoreStatus;

// --- keys ---------------------------------------------------------------------------------------

std::string KeySpace::key(std::string_view key) const {
  return key.empty() ? std::string() : std::string(prefix_).append(key);
}

std::string KeySpace::range_end(std::string_view range_end) const {
  const bool to_the_end = range_end.size() == 1 && range_end[0] == '\0';
  if (range_end.empty() || prefix_.empty()) return std::string(range_end);
  return to_the_end ? control::prefix_end(prefix_) : std::string(prefix_).append(range_end);
}

std::string_view KeySpace::name(std::string_view key) const {
  return key.starts_with(prefix_) ? key.substr(prefix_.size()) : std::string_view();
}

// --- requests -----------------------------------------------------------------------------------

etcdserverpb::RangeRequest to_etcd(const KeySpace& keys, const wire::RangeRequest& request) {
  etcdserverpb::RangeRequest message;
  message.set_key(keys.key(request.key));
  message.set_range_end(keys.range_end(request.range_end));
  message.set_limit(request.limit);
  message.set_revision(request.revision);
  message.set_keys_only(request.keys_only);
  message.set_count_only(request.count_only);
  return message;
}

etcdserverpb::PutRequest to_etcd(const KeySpace& keys, const wire::PutRequest& request) {
  etcdserverpb::PutRequest message;
  message.set_key(keys.key(request.key));
  message.set_value(request.value);
  message.set_lease(request.lease);
  return message;
}

etcdserverpb::DeleteRangeRequest to_etcd(const KeySpace& keys, const wire::DeleteRequest& request) {
  etcdserverpb::DeleteRangeRequest message;
  message.set_key(keys.key(request.key));
  message.set_range_end(keys.range_end(request.range_end));
  return message;
}

namespace {

void add_compare(const KeySpace& keys, const control::Compare& compare,
                 etcdserverpb::TxnRequest& txn) {
  using Target = control::Compare::Target;
  using Relation = control::Compare::Relation;
  etcdserverpb::Compare& message = *txn.add_compare();
  message.set_key(keys.key(compare.key));
  switch (compare.relation) {
    case Relation::equal:
      message.set_result(etcdserverpb::Compare::EQUAL);
      break;
    case Relation::greater:
      message.set_result(etcdserverpb::Compare::GREATER);
      break;
    case Relation::less:
      message.set_result(etcdserverpb::Compare::LESS);
      break;
    case Relation::not_equal:
      message.set_result(etcdserverpb::Compare::NOT_EQUAL);
      break;
  }
  switch (compare.target) {
    case Target::version:
      message.set_target(etcdserverpb::Compare::VERSION);
      message.set_version(compare.number);
      break;
    case Target::create_revision:
      message.set_target(etcdserverpb::Compare::CREATE);
      message.set_create_revision(compare.number);
      break;
    case Target::mod_revision:
      message.set_target(etcdserverpb::Compare::MOD);
      message.set_mod_revision(compare.number);
      break;
    case Target::value:
      message.set_target(etcdserverpb::Compare::VALUE);
      message.set_value(compare.value);
      break;
  }
}

void fill(const KeySpace& keys, const wire::Operation& operation,
          etcdserverpb::RequestOp& message) {
  if (const auto* range = std::get_if<wire::RangeRequest>(&operation)) {
    *message.mutable_request_range() = to_etcd(keys, *range);
  } else if (const auto* put = std::get_if<wire::PutRequest>(&operation)) {
    *message.mutable_request_put() = to_etcd(keys, *put);
  } else {
    *message.mutable_request_delete_range() =
        to_etcd(keys, std::get<wire::DeleteRequest>(operation));
  }
}

}  // namespace

etcdserverpb::TxnRequest to_etcd(const KeySpace& keys, const wire::TxnRequest& request) {
  etcdserverpb::TxnRequest message;
  for (const control::Compare& compare : request.compares) add_compare(keys, compare, message);
  for (const wire::Operation& each : request.success) fill(keys, each, *message.add_success());
  for (const wire::Operation& each : request.failure) fill(keys, each, *message.add_failure());
  return message;
}

etcdserverpb::WatchCreateRequest to_etcd(const KeySpace& keys, const wire::WatchRequest& request) {
  etcdserverpb::WatchCreateRequest message;
  message.set_key(keys.key(request.key));
  message.set_range_end(keys.range_end(request.range_end));
  message.set_start_revision(request.start_revision);
  message.set_progress_notify(request.progress_notify);
  message.set_fragment(true);  // rather than a message larger than either side takes
  return message;
}

// --- answers ------------------------------------------------------------------------------------

namespace {

control::KeyValue from_etcd(const KeySpace& keys, const mvccpb::KeyValue& kv) {
  return {std::string(keys.name(kv.key())),
          kv.value(),
          kv.create_revision(),
          kv.mod_revision(),
          kv.version(),
          kv.lease()};
}

}  // namespace

wire::RangeResult from_etcd(const KeySpace& keys, const etcdserverpb::RangeResponse& response) {
  wire::RangeResult result;
  result.values.reserve(static_cast<std::size_t>(response.kvs_size()));
  for (const mvccpb::KeyValue& kv : response.kvs()) result.values.push_back(from_etcd(keys, kv));
  result.more = response.more();
  result.count = response.count();
  return result;
}

wire::TxnResult from_etcd(const KeySpace& keys, const etcdserverpb::TxnResponse& response) {
  wire::TxnResult result;
  result.succeeded = response.succeeded();
  for (const etcdserverpb::ResponseOp& each : response.responses()) {
    if (each.has_response_range()) {
      result.results.emplace_back(from_etcd(keys, each.response_range()));
    } else if (each.has_response_delete_range()) {
      result.results.emplace_back(wire::DeleteResult{each.response_delete_range().deleted()});
    } else {
      result.results.emplace_back(wire::PutResult{});
    }
  }
  return result;
}

wire::Event from_etcd(const KeySpace& keys, const mvccpb::Event& event) {
  return {event.type() == mvccpb::Event::DELETE, from_etcd(keys, event.kv())};
}

// --- errors -------------------------------------------------------------------------------------
// The texts are those of etcd's own list (etcd, rpctypes/error.go): they are part of its API, since
// several meanings share each code.

namespace {

// The token is unknown to this member, or was issued before users or roles changed.
bool stale_token(std::string_view text) {
  return text.find("invalid auth token") != std::string_view::npos ||
         text.find("revision of auth store is old") != std::string_view::npos ||
         text.find("user name is empty") != std::string_view::npos;
}

Meaning meaning_of_unavailable(std::string_view text) {
  // gRPC found no connection to send it on.
  if (text.starts_with("failed to connect to all addresses") ||
      text.starts_with("DNS resolution failed")) {
    return {StoreStatus::unavailable, false, true};
  }
  // Refused before it was proposed to the cluster.
  for (const char* refusal :
       {"etcdserver: no leader", "etcdserver: not capable", "etcdserver: unhealthy cluster"}) {
    if (text == refusal) return {StoreStatus::unavailable, false, true};
  }
  // Timed out within etcd, or the connection broke: perhaps executed.
  return {StoreStatus::unknown_outcome, false, true};
}

}  // namespace

Meaning meaning_of(const grpc::Status& status) {
  const std::string text = status.error_message();
  if (stale_token(text)) return {StoreStatus::unavailable, true, false};
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return {};
    case grpc::StatusCode::OUT_OF_RANGE:
      if (text.ends_with("required revision has been compacted")) return {StoreStatus::compacted};
      if (text.ends_with("required revision is a future revision")) {
        return {StoreStatus::future_revision};
      }
      return {StoreStatus::invalid_request};
    case grpc::StatusCode::INVALID_ARGUMENT:
      return {text.ends_with("request is too large") ? StoreStatus::too_large
                                                     : StoreStatus::invalid_request};
    case grpc::StatusCode::NOT_FOUND:
      return {text.ends_with("lease not found") ? StoreStatus::lease_not_found
                                                : StoreStatus::invalid_request};
    case grpc::StatusCode::FAILED_PRECONDITION:
      return {text.ends_with("lease already exists") ? StoreStatus::lease_exists
                                                     : StoreStatus::invalid_request};
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      // gRPC's own limits on messages; etcd's are a full database and too many requests at once.
      return {text.starts_with("etcdserver: ") ? StoreStatus::unavailable : StoreStatus::too_large};
    case grpc::StatusCode::PERMISSION_DENIED:
      return {StoreStatus::permission_denied};
    case grpc::StatusCode::UNAVAILABLE:
      return meaning_of_unavailable(text);
    case grpc::StatusCode::UNIMPLEMENTED:
    case grpc::StatusCode::DATA_LOSS:  // "corrupt cluster": it takes no requests any more
      return {StoreStatus::unavailable, false, true};
    default:
      return {StoreStatus::unknown_outcome, false, true};
  }
}

Meaning meaning_of_cancel(std::string_view reason, control::Revision compact_revision) {
  if (compact_revision != 0 || reason.find("compacted") != std::string_view::npos) {
    return {StoreStatus::compacted};
  }
  // etcd 3.4 says "permission denied" for a token that it no longer knows, too.
  if (stale_token(reason) || reason.find("permission denied") != std::string_view::npos) {
    return {StoreStatus::permission_denied, true, false};
  }
  return {StoreStatus::unavailable};
}

}  // namespace wanlab::hosting
