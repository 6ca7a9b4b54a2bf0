// A node's way to its store: a StoreClient of its own, unless whoever builds the node hands in a
// store that is there already (a real etcd, behind its own connections). Forwards runtime events;
// knows nothing of what is stored.
#pragma once

#include <optional>
#include <utility>

#include "real_components/control/store_client.hpp"

namespace wanlab::control {

class NodeStore {
 public:
  // `outside` must outlive the node and must call observers only between two events of the node's
  // runtime, in the same thread. With it, `options` are not looked at.
  NodeStore(runtime::Runtime& runtime, const StoreClientOptions& options, std::uint8_t tag,
            Store* outside)
      : outside_(outside) {
    if (outside == nullptr) client_.emplace(runtime, options, tag);
  }

  Store& store() { return outside_ != nullptr ? *outside_ : *client_; }
  // Its answers come outside the node's own events: whoever settles at the end of those must see to
  // it that one follows.
  bool from_outside() const { return outside_ != nullptr; }

  void start() {
    if (client_) client_->start();
  }
  bool owns(runtime::Cookie cookie) const { return client_ && client_->owns(cookie); }
  void on_timer(runtime::Cookie cookie) {
    if (client_) client_->on_timer(cookie);
  }
  void on_connect(runtime::ConnectionId connection, runtime::Cookie cookie) {
    if (client_) client_->on_connect(connection, cookie);
  }
  void on_data(runtime::ConnectionId connection, runtime::Cookie cookie, ByteView bytes) {
    if (client_) client_->on_data(connection, cookie, bytes);
  }
  void on_close(runtime::ConnectionId connection, runtime::Cookie cookie,
                runtime::CloseReason reason) {
    if (client_) client_->on_close(connection, cookie, reason);
  }

 private:
  Store* outside_;
  std::optional<StoreClient> client_;
};

}  // namespace wanlab::control
