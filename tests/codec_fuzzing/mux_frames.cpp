// The backhaul's multiplexer against a hostile peer: it keeps its invariants or ends the
// connection, answers every stream at most once, and how the bytes are cut into chunks changes
// nothing.
#include "real_components/backhaul/frame.hpp"
#include "real_components/backhaul/mux.hpp"
#include "tests/codec_fuzzing/target.hpp"

#include <string>
#include <vector>

using namespace wanlab;
using namespace wanlab::backhaul;
using fuzzing::require;

namespace {

// Notes what it hears in order; answers requests at once where it is a server.
class Listener final : public MuxObserver {
 public:
  explicit Listener(bool answers) : answers_(answers) {}
  Mux* mux = nullptr;
  std::vector<std::string> heard;

  std::uint64_t on_open(StreamId, const StreamHeader& header) override {
    heard.push_back("open " + std::to_string(header.tenant));
    return ++opened_;
  }
  std::size_t on_data(StreamId stream, std::uint64_t cookie, ByteView bytes, bool end) override {
    // Pieces of one frame may come apart differently: only their sum is told.
    if (cookie >= bytes_.size()) bytes_.resize(cookie + 1);
    bytes_[cookie] += bytes.size();
    if (end)
      heard.push_back("end " + std::to_string(cookie) + " " + std::to_string(bytes_[cookie]));
    if (end && answers_) mux->send(stream, bytes, true);
    return bytes.size();
  }
  void on_reset(StreamId, std::uint64_t cookie, ResetReason, Processed) override {
    heard.push_back("reset " + std::to_string(cookie));
  }
  void on_error(MuxError error, bool) override {
    heard.push_back("error " + std::to_string(static_cast<int>(error)));
  }

 private:
  bool answers_;
  std::uint64_t opened_ = 0;
  std::vector<std::uint64_t> bytes_;
};

std::vector<std::string> listen(Role role, std::uint8_t opens, ByteView bytes, std::size_t chunk) {
  Listener listener(role == Role::server);
  MuxOptions options;
  Mux mux(role, options, listener);
  listener.mux = &mux;
  Instant now{};
  if (role == Role::client) {
    for (std::uint8_t i = 0; i < opens % 8; ++i) {
      mux.open({.tenant = i, .cookie = 1000u + i}, as_bytes("SELECT 1"), true);
    }
  }
  while (!bytes.empty() && !mux.failed()) {
    const ByteView part = bytes.first(std::min(chunk, bytes.size()));
    bytes = bytes.subspan(part.size());
    mux.receive(part, now);
    const std::string broken = mux.check_invariants();
    require(broken.empty(), broken.c_str());
  }
  mux.wrote(mux.output(now).size());
  require(mux.check_invariants().empty(), "invariants hold after writing");
  mux.connection_lost();
  require(mux.open_streams() == 0, "nothing stays open after the end of the connection");
  return listener.heard;
}

}  // namespace

namespace {

// What an honest peer says first: without it every other frame is an error.
Bytes greeting_of(Role peer) {
  Listener nobody(false);
  const MuxOptions options;
  Mux mux(peer, options, nobody);
  const ByteView said = mux.output(Instant{});
  return Bytes(said.begin(), said.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const std::size_t chunk = 1u + input.byte();
  const Role role = (choice & 1) != 0 ? Role::client : Role::server;
  Bytes said;
  if ((choice & 0x80) == 0) said = greeting_of(role == Role::client ? Role::server : Role::client);
  append(said, input.rest());
  const ByteView bytes = said;
  const auto whole = listen(role, choice >> 1, bytes, bytes.size() + 1);
  const auto cut = listen(role, choice >> 1, bytes, chunk);
  require(whole == cut, "chunks change nothing");

  if (bytes.empty()) return 0;  // parse_frame() is asked only when something has come
  Frame frame;
  const ParseResult parsed = parse_frame(bytes, frame);
  if (parsed.status == Parse::whole) {
    require(parsed.size <= bytes.size(), "a frame ends within its input");
    Frame again;
    require(parse_frame(bytes.first(parsed.size), again).status == Parse::whole,
            "a whole frame needs nothing behind it");
    if (parsed.size > 1) {
      require(parse_frame(bytes.first(parsed.size - 1), again).status != Parse::whole,
              "a frame without its last byte is not whole");
    }
  }
  return 0;
}
