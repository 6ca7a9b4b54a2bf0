// Plain point-to-point messages of bytes.
#include "sim/app/mpi/outbox.hpp"

#include "sim/base/document_json.hpp"

#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

namespace wanlab::app {

std::optional<Message> receive() {
  int there = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
  if (there == 0) return std::nullopt;
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  std::string text(static_cast<std::size_t>(size), '\0');
  MPI_Recv(text.data(), size, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  auto content = base::parse_json(text);
  if (!content) throw std::runtime_error("a message of another process cannot be read");
  return Message{status.MPI_SOURCE, static_cast<MessageKind>(status.MPI_TAG), std::move(*content)};
}

void Outbox::send(int rank, MessageKind kind, const base::Json& content) {
  Letter& letter = under_way_.emplace_back();
  letter.text = base::to_line(content);
  if (letter.text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw std::runtime_error("a message of more than 2 GiB");
  }
  MPI_Isend(letter.text.data(), static_cast<int>(letter.text.size()), MPI_BYTE, rank,
            static_cast<int>(kind), MPI_COMM_WORLD, &letter.request);
}

bool Outbox::progress() {
  under_way_.remove_if([](Letter& letter) {
    int gone = 0;
    MPI_Test(&letter.request, &gone, MPI_STATUS_IGNORE);
    return gone != 0;
  });
  return under_way_.empty();
}

void Outbox::flush() {
  while (!progress()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace wanlab::app
