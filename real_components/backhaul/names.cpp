// Names of outcomes and errors, for logs and test messages.
#include "real_components/backhaul/types.hpp"

namespace wanlab::backhaul {

std::string_view to_string(Processed processed) {
  switch (processed) {
    case Processed::no:
      return "no";
    case Processed::yes:
      return "yes";
    case Processed::unknown:
      return "unknown";
  }
  return "?";
}

std::string_view to_string(ResetReason reason) {
  switch (reason) {
    case ResetReason::cancelled:
      return "cancelled";
    case ResetReason::refused:
      return "refused";
    case ResetReason::overloaded:
      return "overloaded";
    case ResetReason::draining:
      return "draining";
    case ResetReason::timed_out:
      return "timed_out";
    case ResetReason::internal:
      return "internal";
    case ResetReason::connection_lost:
      return "connection_lost";
  }
  return "?";
}

std::string_view to_string(MuxError error) {
  switch (error) {
    case MuxError::none:
      return "none";
    case MuxError::protocol:
      return "protocol";
    case MuxError::version:
      return "version";
    case MuxError::frame_too_large:
      return "frame_too_large";
    case MuxError::flow_control:
      return "flow_control";
    case MuxError::stream_state:
      return "stream_state";
    case MuxError::too_many_streams:
      return "too_many_streams";
    case MuxError::excessive_load:
      return "excessive_load";
    case MuxError::timed_out:
      return "timed_out";
    case MuxError::going_away:
      return "going_away";
    case MuxError::internal:
      return "internal";
  }
  return "?";
}

}  // namespace wanlab::backhaul
