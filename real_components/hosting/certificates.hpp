// Certificates for development and tests: a small authority and what it signs, ECDSA P-256. Not for
// production, where an authority's key does not lie beside what it signed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace wanlab::hosting {

// Files of an authority in one folder: ca.pem and ca.key, and per leaf NAME.pem (the chain) and
// NAME.key. Keys are readable by their owner only.
class DevelopmentAuthority {
 public:
  // Takes up the authority in the folder, or makes one. Throws std::runtime_error naming the file.
  explicit DevelopmentAuthority(std::filesystem::path folder);

  struct Leaf {
    std::string name;                      // of the files, the subject and the first DNS name
    std::vector<std::string> names{};      // more DNS names
    std::vector<std::string> addresses{};  // literal IP addresses
    int days = 365;
  };
  // Good for clients and servers alike. Replaces what is there.
  void issue(const Leaf& leaf) const;

  std::filesystem::path certificate() const { return folder_ / "ca.pem"; }
  std::filesystem::path certificate_of(const std::string& name) const {
    return folder_ / (name + ".pem");
  }
  std::filesystem::path key_of(const std::string& name) const { return folder_ / (name + ".key"); }

 private:
  std::filesystem::path folder_;
};

}  // namespace wanlab::hosting
