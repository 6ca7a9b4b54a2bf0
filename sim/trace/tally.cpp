// Names of causes, the sum of tallies and the combination of digests: everything that runs once.
#include "sim/trace/tally.hpp"

#include "sim/trace/digest.hpp"

#include <algorithm>

namespace wanlab::trace {

std::string_view to_string(ConnectFailure cause) {
  switch (cause) {
    case ConnectFailure::unresolved:
      return "unresolved";
    case ConnectFailure::unreachable:
      return "unreachable";
    case ConnectFailure::connect_timeout:
      return "connect_timeout";
    case ConnectFailure::refused:
      return "refused";
    case ConnectFailure::reset:
      return "reset";
    case ConnectFailure::tls_failed:
      return "tls_failed";
    case ConnectFailure::handshake_timeout:
      return "handshake_timeout";
    case ConnectFailure::protocol_error:
      return "protocol_error";
    case ConnectFailure::auth_rejected:
      return "auth_rejected";
    case ConnectFailure::admission_refused:
      return "admission_refused";
    case ConnectFailure::server_error:
      return "server_error";
    case ConnectFailure::out_of_descriptors:
      return "out_of_descriptors";
  }
  return "unknown";
}

std::string_view in_words(ConnectFailure cause) {
  switch (cause) {
    case ConnectFailure::unresolved:
      return "name not resolved";
    case ConnectFailure::unreachable:
      return "host unreachable";
    case ConnectFailure::connect_timeout:
      return "connect timeout";
    case ConnectFailure::refused:
      return "connection refused";
    case ConnectFailure::reset:
      return "connection reset";
    case ConnectFailure::tls_failed:
      return "TLS handshake failed";
    case ConnectFailure::handshake_timeout:
      return "handshake timeout";
    case ConnectFailure::protocol_error:
      return "protocol error";
    case ConnectFailure::auth_rejected:
      return "authentication rejected";
    case ConnectFailure::admission_refused:
      return "refused by admission control";
    case ConnectFailure::server_error:
      return "server error";
    case ConnectFailure::out_of_descriptors:
      return "client out of descriptors";
  }
  return "unknown";
}

void ClientTally::merge(const ClientTally& other) {
  attempted += other.attempted;
  attempts += other.attempts;
  established += other.established;
  failed += other.failed;
  closed += other.closed;
  lost += other.lost;
  open += other.open;
  peak_open = std::max(peak_open, other.peak_open);
  for (std::size_t cause = 0; cause < connect_failures; ++cause) {
    failures[cause] += other.failures[cause];
    failed_attempts[cause] += other.failed_attempts[cause];
  }
  queries_sent += other.queries_sent;
  queries_answered += other.queries_answered;
  queries_failed += other.queries_failed;
  connect.merge(other.connect);
  query.merge(other.query);
  first_answer.merge(other.first_answer);
  const auto take_first = [](std::optional<Instant>& mine, const std::optional<Instant>& theirs) {
    if (theirs && (!mine || *theirs < *mine)) mine = theirs;
  };
  take_first(first_attempt, other.first_attempt);
  take_first(first_established, other.first_established);
  if (other.last_established &&
      (!last_established || *last_established < *other.last_established)) {
    last_established = other.last_established;
  }
  peak_established_per_second =
      std::max(peak_established_per_second, other.peak_established_per_second);
}

std::uint64_t combine(std::vector<NamedDigest> hosts) {
  std::sort(hosts.begin(), hosts.end(), [](const NamedDigest& left, const NamedDigest& right) {
    return left.host < right.host;
  });
  std::uint64_t combined = 0;
  for (const NamedDigest& entry : hosts) {
    combined = mix(mix(combined, hash_name(entry.host)), entry.digest.value());
  }
  return combined;
}

std::string to_hex(std::uint64_t digest) {
  std::string text(16, '0');
  for (std::size_t place = 16; place-- > 0; digest >>= 4) {
    text[place] = "0123456789abcdef"[digest & 0xf];
  }
  return text;
}

}  // namespace wanlab::trace
