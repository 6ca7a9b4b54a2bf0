// Messages between the processes of a sweep: JSON texts with a kind. Sending never waits, so that
// two processes that send to each other cannot wait for each other.
#pragma once

#include "sim/base/json_tree.hpp"

#include <list>
#include <optional>
#include <string>

#include <mpi.h>

namespace wanlab::app {

enum class MessageKind : int {
  hello = 1,  // to rank 0: how many runs at a time, and which version
  order,      // from rank 0: a plan to run
  result,     // to rank 0: how it ended
  interrupt,  // from rank 0: stop what runs
  stop,       // from rank 0: that was all
};

struct Message {
  int from = 0;
  MessageKind kind{};
  base::Json content;
};

// The next message that is there, if any; does not wait. Throws std::runtime_error for what is none
// of ours.
std::optional<Message> receive();

class Outbox {
 public:
  void send(int rank, MessageKind kind, const base::Json& content);
  // Lets go of what has left. True when nothing is under way.
  bool progress();
  void flush();

 private:
  struct Letter {
    std::string text;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::list<Letter> under_way_;  // the texts must not move
};

}  // namespace wanlab::app
