// Key ranges and the layout of the fleet's keys.
#include "real_components/control/store.hpp"

namespace wanlab::control {

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last < 0xff) {
      end.back() = static_cast<char>(last + 1);
      return end;
    }
    end.pop_back();
  }
  return std::string(1, '\0');  // nothing sorts behind the prefix: to the end
}

std::string route_key(std::string_view user) {
  return std::string(route_prefix).append(user);
}

std::string credential_key(std::string_view user) {
  return std::string(credential_prefix).append(user);
}

std::string origin_key(std::string_view region, std::string_view name) {
  return std::string(origin_prefix).append(region).append("/").append(name);
}

}  // namespace wanlab::control
