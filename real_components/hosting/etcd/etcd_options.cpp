// Addresses of stores.
#include "real_components/hosting/etcd/etcd_options.hpp"

#include <charconv>

namespace wanlab::hosting {
namespace {

constexpr std::string_view default_port = "2379";  // etcd's client port (IANA)

[[noreturn]] void refuse(std::string_view url, std::string_view why) {
  throw BadStoreAddress("store address \"" + std::string(url) + "\" " + std::string(why));
}

bool valid_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// "host:port"; an IPv6 address stands in brackets.
std::string endpoint(std::string_view url, std::string_view text) {
  const std::size_t bracket = text.rfind(']');
  if (text.starts_with('[') != (bracket != std::string_view::npos)) {
    refuse(url, "has an unfinished IPv6 address");
  }
  const std::size_t from = bracket == std::string_view::npos ? 0 : bracket;
  const std::size_t colon = text.find(':', from);
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) refuse(url, "names no host");
  if (host.find('@') != std::string_view::npos) {
    refuse(url, "must not hold a user; give it separately");
  }
  if (colon == std::string_view::npos) return std::string(host).append(":").append(default_port);
  if (!valid_port(text.substr(colon + 1))) refuse(url, "has no valid port (1 to 65535)");
  return std::string(text);
}

}  // namespace

void add_member(EtcdOptions& options, std::string_view url) {
  std::string_view rest = url;
  bool tls = false;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = rest.substr(0, scheme);
    if (name != "http" && name != "https") refuse(url, "must begin with http:// or https://");
    tls = name == "https";
    rest.remove_prefix(scheme + 3);
  }
  const std::size_t slash = rest.find('/');
  std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string member = endpoint(url, rest.substr(0, slash));
  if (!options.members.empty()) {
    if (options.tls.enabled != tls) refuse(url, "mixes http and https within one store");
    if (options.key_prefix != prefix) refuse(url, "has another key prefix than its fellow members");
  }
  options.tls.enabled = tls;
  options.key_prefix = prefix;
  options.members.push_back(std::move(member));
}

EtcdOptions etcd_options(const std::vector<std::string>& urls) {
  EtcdOptions options;
  for (const std::string& url : urls) add_member(options, url);
  if (options.members.empty()) throw BadStoreAddress("no store address given");
  return options;
}

std::string url_of(const EtcdOptions& options, std::size_t member) {
  return std::string(options.tls.enabled ? "https://" : "http://")
      .append(options.members.at(member))
      .append(options.key_prefix);
}

}  // namespace wanlab::hosting
