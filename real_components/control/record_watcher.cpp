// Decoding of watched values.
#include "real_components/control/record_watcher.hpp"

namespace wanlab::control {

template <typename Record>
void RecordWatcher<Record>::on_changes(std::span<const PrefixChange> changes, Revision revision) {
  records_.resize(changes.size());  // before any pointer into it is taken
  changes_.clear();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const PrefixChange& change = changes[i];
    if (change.removed) {
      changes_.push_back({change.name, nullptr, change.revision});
    } else if (wire::decode(as_bytes(change.value), records_[i])) {
      changes_.push_back({change.name, &records_[i], change.revision});
    } else {
      ++malformed_;
    }
  }
  observer_.on_records(changes_, revision);
}

template class RecordWatcher<wire::Route>;
template class RecordWatcher<wire::Credential>;
template class RecordWatcher<wire::OriginRecord>;

}  // namespace wanlab::control
