// Reading plan, record and summary, which must belong together.
#include "sim/app/kept_run.hpp"

#include "sim/app/load.hpp"
#include "sim/base/document_json.hpp"
#include "sim/trace/digest.hpp"
#include "sim/trace/run_record_json.hpp"

namespace wanlab::app {

namespace fs = std::filesystem;

KeptRun load_kept_run(const fs::path& run) {
  KeptRun kept;
  kept.folder = fs::is_directory(run) ? run : run.parent_path();
  for (const char* name : {"plan.json", "record.json", "summary.json", "summary.txt"}) {
    if (fs::exists(kept.folder / name)) continue;
    throw base::InputError(kept.folder.string(), "",
                           std::string("this is not the folder of a run: it has no ") + name +
                               ". wanlab run leaves one in OUT/<scenario>/<seed>/");
  }
  scenario::Overrides as_it_is;
  as_it_is.memory_limit_bytes = 0;  // it need not run again
  kept.plan = load_checked_plan(kept.folder / "plan.json", as_it_is);
  const base::Document document = base::read_document(kept.folder / "record.json");
  kept.record = trace::read_run_record(document.root());
  kept.summary_json = base::read_file(kept.folder / "summary.json");
  kept.summary_text = base::read_file(kept.folder / "summary.txt");
  const auto summary = base::parse_json(kept.summary_json);
  const base::Json* digest = summary ? summary->find("digest") : nullptr;
  if (digest == nullptr || digest->text != trace::to_hex(kept.record.digest)) {
    throw base::InputError((kept.folder / "summary.json").string(), "",
                           "this is not the summary of the run in record.json");
  }
  return kept;
}

}  // namespace wanlab::app
