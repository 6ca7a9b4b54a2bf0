// Answers of a database on their way through: however they are cut into chunks, the client gets the
// same bytes and the same is known of them; what the client gets is itself an answer, without what
// was tracked for the one in between.
#include "real_components/mysql/answer_follower.hpp"
#include "tests/codec_fuzzing/target.hpp"

using namespace wanlab;
using namespace wanlab::mysql;
using fuzzing::require;

namespace {

struct Heard {
  ResponseProgress progress = ResponseProgress::more;
  Bytes passed;
  std::size_t left = 0;  // behind the end of the answer
  AnswerFollower follower;
};

Heard follow(ByteView bytes, std::size_t chunk, AnswerForm form, bool deprecate_eof,
             bool tracking) {
  Heard heard;
  heard.follower.start(form, deprecate_eof, tracking);
  Bytes scratch;
  while (!bytes.empty() && heard.progress == ResponseProgress::more) {
    ByteView input = bytes.first(std::min(chunk, bytes.size()));
    const std::size_t given = input.size();
    ByteView pass;
    heard.progress = heard.follower.consume(input, scratch, pass);
    require(input.size() <= given, "nothing is put back");
    require(heard.progress != ResponseProgress::more || input.empty(),
            "an answer that goes on uses up its chunk");
    append(heard.passed, pass);
    bytes = bytes.subspan(given - input.size());
  }
  heard.left = bytes.size();
  return heard;
}

void same(const AnswerFollower& a, const AnswerFollower& b) {
  require(a.kind() == b.kind() && a.error_code() == b.error_code() && a.rows() == b.rows() &&
              a.warnings() == b.warnings() && a.affected_rows() == b.affected_rows() &&
              a.inserted() == b.inserted() && a.status() == b.status() &&
              a.prepared_statement() == b.prepared_statement(),
          "the same is known of the answer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::size_t chunk = 1u + input.byte();
  const auto form = static_cast<AnswerForm>(choice % 5);
  const bool deprecate_eof = (choice & 0x40) != 0, tracking = (choice & 0x80) != 0;
  const ByteView bytes = input.rest();

  const Heard whole = follow(bytes, bytes.size() + 1, form, deprecate_eof, tracking);
  const Heard cut = follow(bytes, chunk, form, deprecate_eof, tracking);
  require(whole.progress == cut.progress, "chunks do not change how an answer ends");
  if (whole.progress == ResponseProgress::malformed) return 0;
  require(whole.passed == cut.passed, "chunks do not change what the client gets");
  require(whole.left == cut.left, "chunks do not change where an answer ends");
  same(whole.follower, cut.follower);
  require(
      whole.follower.session_changed() == cut.follower.session_changed() &&
          whole.follower.schema_changed() == cut.follower.schema_changed() &&
          (!whole.follower.schema_changed() || whole.follower.schema() == cut.follower.schema()),
      "chunks do not change what is known of the session");
  if (whole.progress != ResponseProgress::complete) return 0;

  const bool changed = whole.follower.session_changed() || whole.follower.schema_changed();
  const ByteView said = bytes.first(bytes.size() - whole.left);
  if (!changed) {
    // Only the encoding of an OK may differ, and only where it said that the session has changed.
    require(whole.passed.size() <= said.size() + 16, "next to nothing is added");
  }
  const Heard again = follow(whole.passed, whole.passed.size() + 1, form, deprecate_eof, tracking);
  require(again.progress == ResponseProgress::complete && again.left == 0,
          "what the client gets is one whole answer");
  require(!again.follower.session_changed(), "what was tracked for us stays with us");
  require(tracking || !again.follower.schema_changed(),
          "a client that tracks nothing gets nothing");
  require(again.follower.kind() == whole.follower.kind() &&
              again.follower.rows() == whole.follower.rows() &&
              again.follower.error_code() == whole.follower.error_code() &&
              again.follower.affected_rows() == whole.follower.affected_rows() &&
              again.follower.warnings() == whole.follower.warnings() &&
              again.follower.inserted() == whole.follower.inserted(),
          "and says the same");
  return 0;
}
