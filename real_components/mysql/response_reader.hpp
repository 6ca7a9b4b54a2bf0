// Follows the answer to one text-protocol command and says when it is complete. Keeps no rows.
#pragma once

#include "real_components/mysql/capabilities.hpp"
#include "real_components/mysql/errors.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/runtime/bytes.hpp"

#include <cstdint>

namespace wanlab::mysql {

enum class ResponseProgress : std::uint8_t {
  more,       // the answer goes on
  complete,   // OK, ERR, or the last result set has ended
  malformed,  // not an answer to a command; the connection is of no use any more
};

// For COM_QUERY, COM_PING, COM_INIT_DB and COM_RESET_CONNECTION. With several results
// (more_results) the counts add up and the answer is complete after the last one.
class ResponseReader {
 public:
  enum class Kind : std::uint8_t { none, ok, error, result_set };

  // `capabilities` as negotiated: only deprecate_eof matters.
  explicit ResponseReader(Capabilities capabilities)
      : deprecate_eof_((capabilities & capability::deprecate_eof) != 0) {}

  // Gets ready for the answer to the next command.
  void start();

  ResponseProgress on_packet(std::uint8_t sequence, ByteView payload);

  // Takes packets off `input` until the answer is complete, broken, or the input used up. What
  // follows a complete answer stays in `input`. Use the same assembler for the whole connection.
  ResponseProgress consume(PacketAssembler& assembler, ByteView& input,
                           std::uint32_t max_payload = largest_payload);

  // Of a complete answer: what ended it. An ERR after some rows is an error.
  Kind kind() const { return kind_; }
  std::uint16_t error_code() const { return error_code_; }  // 0 unless kind() is error
  std::uint32_t rows() const { return rows_; }
  std::uint16_t columns() const { return columns_; }  // of the last result set
  StatusFlags status() const { return status_; }
  // True once the first packet has been seen.
  bool begun() const {
    return next_sequence_ != 1 || phase_ != Phase::first || kind_ != Kind::none;
  }

 private:
  enum class Phase : std::uint8_t { first, columns, columns_end, rows, complete, malformed };

  ResponseProgress fail();
  ResponseProgress on_first(ByteView payload);
  ResponseProgress on_end(Kind kind, StatusFlags status);
  ResponseProgress on_error(ByteView payload);

  std::uint32_t rows_ = 0;
  std::uint16_t columns_ = 0;
  std::uint16_t columns_left_ = 0;
  std::uint16_t error_code_ = 0;
  StatusFlags status_ = 0;
  std::uint8_t next_sequence_ = 1;
  Phase phase_ : 4 = Phase::first;
  Kind kind_ : 4 = Kind::none;
  bool deprecate_eof_ : 1;
  bool continuation_ : 1 = false;
};
static_assert(sizeof(ResponseReader) <= 16);

}  // namespace wanlab::mysql
