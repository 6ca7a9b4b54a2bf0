// Other settings of the re-sort policy than the deployed ones, named among the sabotages of a plan:
// "re-sort:dwell=0s". For experiments on what the settings are good for; the defaults are
// routing::ResortOptions'.
#pragma once

#include "sim/base/units.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wanlab::scenario {

struct ResortSetting {
  enum class Key : std::uint8_t {
    gain,     // minimum_gain, a duration
    percent,  // minimum_gain_percent
    ticks,    // sustained_ticks
    dwell,    // a duration
    penalty,  // penalty_per_change; 0: no damping
  };
  Key key = Key::gain;
  Duration time{};
  std::uint32_t number = 0;
};

inline constexpr std::string_view resort_setting_forms =
    "re-sort:gain=TIME, re-sort:percent=N, re-sort:ticks=N, re-sort:dwell=TIME or "
    "re-sort:penalty=N";

// None for anything else.
inline std::optional<ResortSetting> read_resort_setting(std::string_view text) {
  constexpr std::string_view begin = "re-sort:";
  const std::size_t equals = text.find('=');
  if (!text.starts_with(begin) || equals == std::string_view::npos) return std::nullopt;
  const std::string_view key = text.substr(begin.size(), equals - begin.size());
  const std::string_view value = text.substr(equals + 1);
  ResortSetting setting;
  if (key == "gain" || key == "dwell") {
    setting.key = key == "gain" ? ResortSetting::Key::gain : ResortSetting::Key::dwell;
    const auto time = base::parse_duration(value);
    if (!time) return std::nullopt;
    setting.time = time.value;
    return setting;
  }
  if (key == "percent") {
    setting.key = ResortSetting::Key::percent;
  } else if (key == "ticks") {
    setting.key = ResortSetting::Key::ticks;
  } else if (key == "penalty") {
    setting.key = ResortSetting::Key::penalty;
  } else {
    return std::nullopt;
  }
  const auto read = std::from_chars(value.data(), value.data() + value.size(), setting.number);
  if (read.ec != std::errc() || read.ptr != value.data() + value.size() ||
      setting.number > 1'000'000) {
    return std::nullopt;
  }
  return setting;
}

}  // namespace wanlab::scenario
