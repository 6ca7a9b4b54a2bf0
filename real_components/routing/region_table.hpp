// Region names as small dense numbers. Numbers are given in order of first mention and never taken
// back; they are private to one process and must not appear in anything that is compared between
// runs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace wanlab::routing {

enum class RegionId : std::uint16_t {};
inline constexpr RegionId no_region{0xffff};
constexpr std::size_t index_of(RegionId region) {
  return static_cast<std::size_t>(region);
}

class RegionTable {
 public:
  // The number of `name`, given to it now if it had none. no_region once 65,535 names are in use.
  RegionId intern(std::string_view name);
  // no_region if the name was never interned.
  RegionId find(std::string_view name) const;
  // `region` must come from this table. The view stays valid for the table's life.
  std::string_view name(RegionId region) const { return names_[index_of(region)]; }
  std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
  std::map<std::string_view, RegionId, std::less<>> ids_;  // views into names_
};

}  // namespace wanlab::routing
