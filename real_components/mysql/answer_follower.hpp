// Follows the answer to any command on its way from a server to a client, in whatever pieces it
// comes: says when it is complete and what it said of the session. Keeps no rows, and no packet
// unless it may have to be changed: session changes that were tracked for the one in between are
// taken out of what the client gets.
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/response_reader.hpp"
#include "real_components/mysql/responses.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace wanlab::mysql {

// What an answer consists of.
enum class AnswerForm : std::uint8_t {
  results,   // OK, ERR or result sets, one after the other
  prepared,  // of COM_STMT_PREPARE
  rows,      // rows or columns up to an EOF: of COM_STMT_FETCH and COM_FIELD_LIST
  single,    // one packet, whatever it is
  nothing,
};
AnswerForm form_of(CommandKind command);

class AnswerFollower {
 public:
  enum class Kind : std::uint8_t { none, ok, error, result_set };

  // Gets ready for the next answer. `deprecate_eof` as negotiated with the server; `tracking`:
  // whether the client gets session changes at all.
  void start(AnswerForm form, bool deprecate_eof, bool tracking);

  // Takes bytes up to the end of the answer off `input`; what follows stays there. `pass` is what
  // the client gets of it: of the input itself, or of `scratch` if anything was held back or
  // changed.
  ResponseProgress consume(ByteView& input, Bytes& scratch, ByteView& pass);

  // Of the answer so far; all of it once complete.
  Kind kind() const { return kind_; }
  std::uint16_t error_code() const { return error_code_; }
  // Of the last OK or EOF; an ERR says nothing of it.
  StatusFlags status() const { return status_; }
  std::uint16_t warnings() const { return warnings_; }
  std::uint64_t affected_rows() const { return affected_rows_; }
  std::uint32_t rows() const { return rows_; }  // of the last result set
  // Some OK named an insert id.
  bool inserted() const { return inserted_; }
  // The server tracked a change of the session.
  bool session_changed() const { return session_changed_; }
  // The default database was changed, to this.
  bool schema_changed() const { return schema_changed_; }
  const std::string& schema() const { return schema_; }
  std::uint32_t prepared_statement() const { return prepared_statement_; }
  bool begun() const { return begun_; }
  void forget_memory() { held_ = Bytes(); }

 private:
  enum class Phase : std::uint8_t {
    first,
    columns,
    columns_end,
    rows,
    parameters,  // of a prepared statement, as its columns
    parameters_end,
    prepared_columns,
    prepared_columns_end,
    complete,
    malformed
  };

  // Whether the present packet has to be seen whole.
  bool wants_whole(std::byte first, std::uint32_t size) const;
  ResponseProgress on_packet(std::uint8_t sequence, ByteView payload, Bytes& changed);
  ResponseProgress on_passing();
  ResponseProgress on_first(ByteView payload, std::uint8_t sequence, Bytes& changed);
  ResponseProgress on_prepared(ByteView payload);
  std::optional<EofFields> take_eof(ByteView payload, std::uint8_t sequence, Bytes& changed);
  ResponseProgress on_ok(ByteView payload, std::uint8_t sequence, Kind kind, Bytes& changed);
  ResponseProgress on_status(Kind kind, StatusFlags status);
  ResponseProgress on_error(ByteView payload);
  void after_parameters();
  ResponseProgress fail();
  ResponseProgress finish();

  Bytes held_;  // the beginning of a packet that has to be seen whole, header included
  std::string schema_;
  std::uint64_t affected_rows_ = 0;
  std::uint32_t left_ = 0;  // of the payload of a packet that passes
  std::uint32_t rows_ = 0;
  std::uint32_t prepared_statement_ = 0;
  std::uint16_t columns_left_ = 0;
  std::uint16_t parameters_left_ = 0;
  std::uint16_t error_code_ = 0;
  std::uint16_t warnings_ = 0;
  StatusFlags status_ = 0;
  AnswerForm form_ = AnswerForm::results;
  Phase phase_ = Phase::complete;
  Kind kind_ = Kind::none;
  bool deprecate_eof_ = false;
  bool tracking_ = false;
  bool begun_ = false;
  bool inserted_ = false;
  bool session_changed_ = false;
  bool schema_changed_ = false;
  bool continuation_ = false;  // the next packet goes on with a row of this one
};

}  // namespace wanlab::mysql
