// The configuration files of both daemons: whatever they say, it is a configuration or an error
// that names the file and a place in it. The files they name are there, as they should be.
#include "real_components/hosting/config_node.hpp"
#include "real_components/hosting/node_configs.hpp"
#include "tests/codec_fuzzing/target.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

using namespace wanlab;
using namespace wanlab::hosting;
using fuzzing::require;

namespace {

// A folder with a secret and a password, for as long as the process lives.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "wanlab-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "there is room for a temporary folder");
    path_ = name;
    write("secret", std::string(64, 'a'));
    write("password", "password\n");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file() const { return (path_ / "wanlab.json").string(); }

 private:
  void write(const char* name, const std::string& text) const {
    const std::string place = (path_ / name).string();
    std::FILE* out = std::fopen(place.c_str(), "w");
    require(out != nullptr, "its files can be written");
    std::fwrite(text.data(), 1, text.size(), out);
    std::fclose(out);
    ::chmod(place.c_str(), 0600);
  }
  std::filesystem::path path_;
};

void judge(const DaemonConfig& config) {
  require(!config.name.empty() && config.name.size() <= 255, "a daemon has a name");
  require(config.threads >= 1 && config.threads <= 256, "and threads");
  require(config.runtime.backlog >= 1 && config.runtime.backlog <= 65'535, "and a backlog");
  require(config.runtime.maximum_unsent >= 1'048'576, "and room for what is unsent");
  require(config.runtime.stranger_timeout >= Duration::zero() &&
              config.runtime.peer_timeout >= Duration::zero() &&
              config.runtime.keepalive >= Duration::zero(),
          "no time is negative");
  require(!config.store.etcd_options.members.empty() || !config.store.node_options.members.empty(),
          "and a store");
  require(!config.tls.identity.certificate.empty() && !config.tls.identity_authority.empty(),
          "and an identity");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  static const std::string file = folder.file();
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::string_view text = as_text(input.rest());
  try {
    switch (choice % 3) {
      case 0: {
        const EdgeDaemonConfig config = read_edge_config(ConfigNode::parse(text, file));
        judge(config.daemon);
        require(!config.edge.require_tls || config.daemon.tls.service.given(),
                "who demands TLS can offer it");
        break;
      }
      case 1: {
        const OriginDaemonConfig config = read_origin_config(ConfigNode::parse(text, file));
        judge(config.daemon);
        require(!config.origin.databases.empty(), "an origin has a database");
        break;
      }
      default: {
        const auto [host, port] = parse_host_port(text, 0);
        require(!host.empty() && port != 0, "an address has both parts");
        break;
      }
    }
  } catch (const ConfigError& error) {
    require(choice % 3 == 2 || std::string_view(error.what()).starts_with(file),
            "an error names the file");
  }
  return 0;
}
