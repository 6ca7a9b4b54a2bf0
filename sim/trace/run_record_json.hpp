// record.json: a run record in full, so that reports can be written again and runs compared later.
// read_run_record(to_json(r)) is r. Lists of many numbers are packed (PackedNumbers).
#pragma once

#include "sim/base/document_json.hpp"
#include "sim/trace/run_record.hpp"

namespace wanlab::trace {

inline constexpr std::string_view record_format_key = "record_format";
inline constexpr std::uint64_t record_format = 1;

base::Json to_json(const RunRecord& record);

// Throws base::InputError for what is damaged, foreign or of another version.
RunRecord read_run_record(const base::Value& root);

}  // namespace wanlab::trace
