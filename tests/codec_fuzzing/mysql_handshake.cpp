// Both sides of the MySQL handshake against a hostile peer: no login without a proof to judge, no
// password where full authentication is off, and an end in a bounded number of packets.
#include "real_components/mysql/client_handshake.hpp"
#include "real_components/mysql/packet.hpp"
#include "real_components/mysql/server_handshake.hpp"
#include "tests/codec_fuzzing/target.hpp"

using namespace wanlab;
using namespace wanlab::mysql;
using fuzzing::require;

namespace {

bool lies_within(std::string_view part, ByteView whole) {
  const auto* at = reinterpret_cast<const std::byte*>(part.data());
  return part.empty() || (at >= whole.data() && at + part.size() <= whole.data() + whole.size());
}

void attack_server(fuzzing::Input& input, std::uint8_t choice) {
  ServerHandshakeOptions options;
  options.require_tls = (choice & 1) != 0;
  options.allow_native = (choice & 2) != 0;
  options.allow_sha2 = (choice & 4) != 0 || !options.allow_native;
  Nonce nonce{};
  nonce.fill(std::byte{0x41});
  ServerHandshake handshake;
  Bytes out, memory;
  handshake.begin(options, 7, nonce, out);
  bool secure = false;
  for (int packets = 0; packets < 8 && !handshake.finished(); ++packets) {
    const std::uint8_t sequence = (choice & 8) != 0 ? input.byte() : handshake.next_sequence();
    const ByteView payload = input.bytes(input.byte() * 4u);
    out.clear();
    const ServerStep step = handshake.on_packet(options, sequence, payload, secure, memory, out);
    require(step.kind != ServerStep::Kind::verify_password, "an edge never takes a password");
    if (step.kind == ServerStep::Kind::start_tls) secure = true;
    if (step.kind == ServerStep::Kind::failed) {
      require(!out.empty(), "a failure says why");
      return;
    }
    if (step.kind != ServerStep::Kind::verify_proof) continue;
    require(secure || !options.require_tls, "no login in the clear where TLS is demanded");
    require(step.login.method == AuthMethod::native ? options.allow_native : options.allow_sha2,
            "only methods that are allowed come to a judgement");
    require(lies_within(step.login.user, payload) || lies_within(step.login.user, memory),
            "the user's name stands in what was received");
    if ((input.byte() & 1) != 0) {
      handshake.accept(out);
    } else {
      handshake.reject(out, error::access_denied, "no");
    }
    require(handshake.finished(), "a judgement ends the handshake");
  }
  ServerHandshake::forget(memory);
}

void attack_client(fuzzing::Input& input, std::uint8_t choice) {
  static const ClientSecrets secrets = derive_secrets("password");
  ClientHandshakeOptions options;
  options.user = "app";
  options.password = "password";
  options.secrets = &secrets;
  options.use_tls = (choice & 1) != 0;
  options.allow_native = (choice & 2) != 0;
  ClientHandshake handshake;
  bool secure = false;
  for (int packets = 0; packets < 8 && !handshake.done(); ++packets) {
    const std::uint8_t sequence = (choice & 8) != 0 ? input.byte() : handshake.next_sequence();
    const ByteView payload = input.bytes(input.byte() * 4u);
    Bytes out;
    ClientStep step = handshake.on_packet(options, sequence, payload, out);
    if (step.kind == ClientStep::Kind::start_tls) {
      secure = true;
      out.clear();
      step = handshake.secured(options, out);
    }
    require(secure || as_text(out).find("password") == std::string_view::npos || !options.use_tls,
            "no password in the clear");
    if (step.kind == ClientStep::Kind::failed) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::Input input(data, size);
  const std::uint8_t choice = input.byte();
  if ((choice & 0x80) != 0) {
    attack_client(input, choice);
  } else {
    attack_server(input, choice);
  }
  return 0;
}
