// What other commands need of a laboratory's lab.json.
#include "sim/base/document_json.hpp"
#include "sim/emulation/store_session.hpp"

#include <nlohmann/json.hpp>

namespace wanlab::emulation {
namespace {

hosting::EtcdOptions options_of(const nlohmann::json& urls) {
  if (urls.is_string()) return hosting::etcd_options({urls.get<std::string>()});
  return hosting::etcd_options(urls.get<std::vector<std::string>>());
}

}  // namespace

StorePlaces stores_of_laboratory(const std::filesystem::path& state) {
  const auto refuse = [&](const std::string& why) -> base::InputError {
    return {state.string(), "", why};
  };
  if (!std::filesystem::exists(state)) {
    throw refuse(
        "no laboratory is up there; start one with ./wanlab up, name its --folder, or say where "
        "the --store is");
  }
  try {
    const nlohmann::json document = nlohmann::json::parse(base::read_file(state));
    StorePlaces places;
    places.global = options_of(document.at("store"));
    for (const auto& [region, urls] : document.at("region_stores").items()) {
      places.regions[region] = options_of(urls);
    }
    return places;
  } catch (const nlohmann::json::exception& error) {
    throw refuse(std::string("is not the state of a laboratory: ") + error.what());
  } catch (const hosting::BadStoreAddress& error) {
    throw refuse(error.what());
  }
}

}  // namespace wanlab::emulation
