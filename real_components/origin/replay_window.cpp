#include "real_components/origin/replay_window.hpp"

namespace wanlab::origin {

ReplayWindow::Second& ReplayWindow::slot_of(const wire::NonceClaims& nonce) {
  Second& first = seconds_[nonce.seconds % slots];
  if (first.seconds == nonce.seconds && first.process == nonce.process) return first;
  Second& second = after_restart_[nonce.seconds % slots];
  if (second.seconds == nonce.seconds && second.process == nonce.process) return second;
  // A third process within one second shares the second's record: it may be refused, never
  // replayed.
  if (first.seconds == nonce.seconds && second.seconds == nonce.seconds) return second;
  Second& fresh = first.seconds == nonce.seconds ? second : first;
  fresh.seconds = nonce.seconds;
  fresh.process = nonce.process;
  fresh.used.clear();
  return fresh;
}

ReplayWindow::Verdict ReplayWindow::use(const wire::NonceClaims& nonce, std::int64_t now_seconds) {
  const auto now = static_cast<std::uint32_t>(now_seconds) & wire::nonce_seconds_mask;
  // The difference modulo 2^28, moved into -2^27 .. 2^27.
  std::int32_t age = static_cast<std::int32_t>((now - nonce.seconds) & wire::nonce_seconds_mask);
  if (age >= (1 << 27)) age -= 1 << 28;
  if (age > tolerance_seconds || age < -tolerance_seconds) return Verdict::stale;

  Second& second = slot_of(nonce);
  const std::size_t word = nonce.sequence / 64;
  const std::uint64_t bit = std::uint64_t{1} << (nonce.sequence % 64);
  if (word >= second.used.size()) second.used.resize(word + 1, 0);
  if ((second.used[word] & bit) != 0) return Verdict::replayed;
  second.used[word] |= bit;
  return Verdict::fresh;
}

}  // namespace wanlab::origin
