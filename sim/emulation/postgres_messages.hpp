// As much of PostgreSQL's protocol (version 3) as a client needs that trusts its server and only
// wants to know when an answer is complete.
#pragma once

#include "real_components/runtime/bytes.hpp"

#include <string>
#include <string_view>

namespace wanlab::emulation {

void write_postgres_startup(Bytes& out, std::string_view user, std::string_view database);
void write_postgres_query(Bytes& out, std::string_view sql);

// Follows messages of the server, cut anywhere, up to "ready for query".
class PostgresAnswer {
 public:
  void take(ByteView bytes);
  bool ready() const { return ready_; }
  // What the server complained of; a demand for a password is a complaint too.
  const std::string& error() const { return error_; }

 private:
  void judge(char type, ByteView body);

  Bytes partial_;
  std::string error_;
  bool ready_ = false;
};

}  // namespace wanlab::emulation
