// Turns on etcd's own authentication: for whoever sets up a store. Blocks until done; not for
// nodes.
#pragma once

#include "real_components/hosting/etcd/etcd_options.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace wanlab::hosting {

struct EtcdUser {
  std::string name;
  std::string password;
  std::string prefix;  // may see the keys below this
  bool may_write = false;
};

struct EtcdSetupError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Creates the users, each with a role of its own name, and "root", who may do everything. From then
// on nobody else is let in. `where` names the members and TLS of an etcd whose doors are still
// open.
void enable_authentication(const EtcdOptions& where, const std::string& root_password,
                           const std::vector<EtcdUser>& users);

}  // namespace wanlab::hosting
