// Between the store's vocabulary and etcd's messages, and what etcd's errors mean. Keys get the
// store's prefix on their way out and lose it on their way in. Includes generated code: only for
// this room's own files.
#pragma once

#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "real_components/control/store.hpp"
#include "real_components/hosting/etcd/etcd.pb.h"

namespace wanlab::hosting {

class KeySpace {
 public:
  explicit KeySpace(std::string prefix) : prefix_(std::move(prefix)) {}

  // An empty key stays empty, for etcd to refuse.
  std::string key(std::string_view key) const;
  std::string range_end(std::string_view range_end) const;
  // Empty if etcd answered with a key that was not asked for.
  std::string_view name(std::string_view key) const;

 private:
  std::string prefix_;
};

etcdserverpb::RangeRequest to_etcd(const KeySpace& keys, const wire::RangeRequest& request);
etcdserverpb::PutRequest to_etcd(const KeySpace& keys, const wire::PutRequest& request);
etcdserverpb::DeleteRangeRequest to_etcd(const KeySpace& keys, const wire::DeleteRequest& request);
etcdserverpb::TxnRequest to_etcd(const KeySpace& keys, const wire::TxnRequest& request);
etcdserverpb::WatchCreateRequest to_etcd(const KeySpace& keys, const wire::WatchRequest& request);

wire::RangeResult from_etcd(const KeySpace& keys, const etcdserverpb::RangeResponse& response);
wire::TxnResult from_etcd(const KeySpace& keys, const etcdserverpb::TxnResponse& response);
wire::Event from_etcd(const KeySpace& keys, const mvccpb::Event& event);

// What an answer says about the request, and what to do about it.
struct Meaning {
  control::StoreStatus status = control::StoreStatus::ok;
  bool authenticate = false;  // the token is not known (any more); the request was not executed
  bool leave_member = false;  // it cannot work, or the connection to it is gone
};
Meaning meaning_of(const grpc::Status& status);
// The same for a watch that etcd cancelled, or refused to create, for the reason told.
Meaning meaning_of_cancel(std::string_view reason, control::Revision compact_revision);

}  // namespace wanlab::hosting
