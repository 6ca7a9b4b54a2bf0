// Where an etcd store is and how to speak with it. Plain values; the defaults are what a production
// node would run.
#pragma once

#include "real_components/runtime/time.hpp"

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wanlab::hosting {

// PEM files, read anew for each connection, so that replaced ones are used from the next one on.
struct EtcdTls {
  bool enabled = false;
  std::string ca_file{};           // empty: the system's authorities
  std::string certificate_file{};  // ours, with key_file, where etcd asks for one
  std::string key_file{};
  std::string server_name{};  // expected in the certificate; empty: the member's host name
};

struct EtcdOptions {
  std::vector<std::string> members{};  // "host:port" each, of one cluster
  EtcdTls tls;
  // Everything happens below this prefix; who asks does not see it. Several stores (one per region)
  // can so share one cluster, and a role of etcd's can be confined to one of them.
  std::string key_prefix{};
  std::string user{};  // empty: no authentication
  std::string password{};

  Duration connect_timeout = std::chrono::seconds{5};
  Duration request_timeout = std::chrono::seconds{5};
  // As control::StoreClientOptions: full jitter below a bound that doubles.
  Duration backoff_first = std::chrono::milliseconds{50};
  Duration backoff_limit = std::chrono::seconds{10};
  // A watch that was silent so long is asked whether it lives; one that then stays silent up to the
  // limit takes its connection with it.
  Duration ping_after = std::chrono::seconds{5};
  Duration silence_limit = std::chrono::seconds{15};
  std::size_t max_waiting = 1'000;  // requests unanswered or unsent; more end as unavailable
  std::size_t max_message_bytes = 64 * 1024 * 1024;

  // Told, in the component's thread, when a member is connected or lost and why.
  std::function<void(std::string_view)> tell{};
};

// An address that cannot be used; what() says why.
struct BadStoreAddress : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// Adds "http://host:port" or "https://host:port", optionally with "/key/prefix" behind it: all
// members of one store must agree on everything but host and port. Without a port it is 2379,
// without a scheme http.
void add_member(EtcdOptions& options, std::string_view url);
EtcdOptions etcd_options(const std::vector<std::string>& urls);
// The inverse of add_member, for one member.
std::string url_of(const EtcdOptions& options, std::size_t member);

}  // namespace wanlab::hosting
