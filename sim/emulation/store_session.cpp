#include "sim/emulation/store_session.hpp"

#include "sim/emulation/lab_records.hpp"

#include <array>
#include <utility>

namespace wanlab::emulation {

using control::AdministrationError;

StoreSession::~StoreSession() {
  for (auto& [place, store] : stores_) store->forget(*this);
}

std::vector<std::string> StoreSession::regions() const {
  std::vector<std::string> names;
  for (const auto& [region, options] : places_.regions) names.push_back(region);
  return names;
}

hosting::EtcdStore& StoreSession::store_at(const std::string& place) {
  if (const auto found = stores_.find(place); found != stores_.end()) return *found->second;
  const auto region = places_.regions.find(place);
  if (!place.empty() && region == places_.regions.end()) {
    std::string known;
    for (const std::string& name : regions()) known.append(known.empty() ? "" : ", ").append(name);
    throw AdministrationError(AdministrationError::Kind::refused,
                              "there is no store of a region \"" + place +
                                  "\" (known: " + (known.empty() ? "none" : known) + ")",
                              place);
  }
  auto store = std::make_unique<hosting::EtcdStore>(
      place.empty() ? places_.global : region->second,
      [this](std::function<void()> task) { tasks_.post(std::move(task)); });
  return *stores_.emplace(place, std::move(store)).first->second;
}

control::StoreResult StoreSession::ask(control::StoreStep step) {
  answered_ = false;
  store_at(step.place).submit(std::move(step.call), *this, 0);
  // Every request ends by itself, in the time that its store was given.
  while (!answered_) tasks_.run_one(std::chrono::seconds(1));
  return std::move(answer_);
}

void StoreSession::on_result(std::uint64_t, control::StoreResult result) {
  answer_ = std::move(result);
  answered_ = true;
}

void StoreSession::run(control::Procedure& procedure) {
  try {
    std::optional<control::StoreStep> step = procedure.begin();
    while (step) step = procedure.resume(ask(std::move(*step)));
  } catch (const AdministrationError& error) {
    const auto store = stores_.find(error.place());
    if (error.kind() != AdministrationError::Kind::unavailable || store == stores_.end() ||
        store->second->last_error().empty()) {
      throw;
    }
    throw AdministrationError(error.kind(),
                              std::string(error.what()) + " (" + store->second->last_error() + ")",
                              error.place());
  }
}

std::string generated_password() {
  static constexpr std::string_view letters =
      "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  static_assert(letters.size() == 56);
  std::string password;
  while (true) {
    for (const std::byte byte : random_key()) {
      const auto number = std::to_integer<std::size_t>(byte);
      if (number >= 256 / letters.size() * letters.size()) continue;  // or some would be likelier
      password += letters[number % letters.size()];
      if (password.size() == 24) return password;
    }
  }
}

}  // namespace wanlab::emulation
