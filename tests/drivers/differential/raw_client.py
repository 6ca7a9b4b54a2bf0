"""A MySQL client that hides nothing: it keeps the payload of every packet it receives.

Only for comparing two servers, so that it knows just enough of the protocol to find the end of an answer.
Never use it against a server that you do not trust.
"""
import hashlib
import socket
import ssl
import struct

LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB = 1, 2, 4, 8
PROTOCOL_41, SSL, TRANSACTIONS, SECURE_CONNECTION = 0x200, 0x800, 0x2000, 0x8000
MULTI_STATEMENTS, MULTI_RESULTS, PS_MULTI_RESULTS = 0x10000, 0x20000, 0x40000
PLUGIN_AUTH, SESSION_TRACK, DEPRECATE_EOF = 0x80000, 0x800000, 0x1000000
# Without LONG_PASSWORD, which MariaDB takes to mean an old MySQL.
BASE = (LONG_FLAG | CONNECT_WITH_DB | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION |
        MULTI_STATEMENTS | MULTI_RESULTS | PS_MULTI_RESULTS | PLUGIN_AUTH)
MORE_RESULTS = 8
CURSOR_EXISTS = 64

QUERY, QUIT, INIT_DB, FIELD_LIST, PING = 3, 1, 2, 4, 14
PREPARE, EXECUTE, LONG_DATA, CLOSE, RESET_STATEMENT = 0x16, 0x17, 0x18, 0x19, 0x1A
SET_OPTION, FETCH, RESET_CONNECTION = 0x1B, 0x1C, 0x1F


class ServerError(Exception):
    def __init__(self, payload):
        self.code = struct.unpack_from("<H", payload, 1)[0]
        super().__init__(repr(payload))


def scramble_sha2(password, nonce):
    one = hashlib.sha256(password).digest()
    two = hashlib.sha256(hashlib.sha256(one).digest() + nonce).digest()
    return bytes(a ^ b for a, b in zip(one, two))


def scramble_native(password, nonce):
    one = hashlib.sha1(password).digest()
    two = hashlib.sha1(nonce + hashlib.sha1(one).digest()).digest()
    return bytes(a ^ b for a, b in zip(one, two))


def lenenc(payload, at):
    first = payload[at]
    if first < 0xFB:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(payload[at + 1:at + 1 + size], "little"), at + 1 + size


class Client:
    def __init__(self, host, port, user, password, database, ca=None, extra=0, only=0xFFFFFFFF, timeout=60):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.capabilities = (BASE | extra) & only
        self._log_in(user.encode(), password.encode(), database.encode(), ca)

    # -- packets
    def _read(self, count):
        while len(self.buffer) < count:
            part = self.socket.recv(1 << 20)
            if not part:
                raise ConnectionError("the server closed the connection")
            self.buffer += part
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def receive(self):
        payload = b""
        while True:
            header = self._read(4)
            self.sequence = (header[3] + 1) & 0xFF
            size = int.from_bytes(header[:3], "little")
            payload += self._read(size)
            if size < 0xFFFFFF:
                return payload

    def send(self, payload, sequence=0):
        out = b""
        while True:
            part, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
            out += len(part).to_bytes(3, "little") + bytes([sequence]) + part
            sequence = (sequence + 1) & 0xFF
            if len(part) < 0xFFFFFF:
                break
        self.socket.sendall(out)

    def _log_in(self, user, password, database, ca):
        greeting = self.receive()
        end = greeting.index(b"\0", 1)
        self.server_version = greeting[1:end].decode()
        nonce = greeting[end + 5:end + 13] + greeting[end + 32:end + 44]
        offered = struct.unpack_from("<H", greeting, end + 14)[0] | struct.unpack_from("<H", greeting, end + 19)[0] << 16
        self.capabilities &= offered | CONNECT_WITH_DB
        sequence = 1
        if ca:
            self.capabilities |= SSL
            self.send(struct.pack("<IIB23x", self.capabilities, 1 << 30, 45), 1)
            context = ssl.create_default_context(cafile=ca)
            context.check_hostname = False
            self.socket = context.wrap_socket(self.socket)
            sequence = 2
        plugin = greeting[end + 45:].rstrip(b"\0") or b"mysql_native_password"
        proof = scramble_sha2(password, nonce) if plugin == b"caching_sha2_password" else scramble_native(password, nonce)
        self.send(struct.pack("<IIB23x", self.capabilities, 1 << 30, 45) + user + b"\0" + bytes([len(proof)]) + proof +
                  database + b"\0" + plugin + b"\0", sequence)
        while True:
            answer = self.receive()
            if answer[0] == 0xFF:
                raise ServerError(answer)
            if answer[0] == 0:
                return
            if answer[0] == 0xFE:
                name, rest = answer[1:].split(b"\0", 1)
                nonce = rest[:20]
                scramble = scramble_sha2 if name == b"caching_sha2_password" else scramble_native
                self.send(scramble(password, nonce), self.sequence)

    # -- answers: each is the list of its packets
    def _is_end(self, packet):
        return packet[:1] == b"\xfe" and len(packet) < (0xFFFFFF if self.capabilities & DEPRECATE_EOF else 9)

    def _status_of_end(self, packet):
        if not self.capabilities & DEPRECATE_EOF:
            return struct.unpack_from("<H", packet, 3)[0]
        at = lenenc(packet, 1)[1]
        return struct.unpack_from("<H", packet, lenenc(packet, at)[1])[0]

    def answer(self):
        packets = []
        while True:
            first = self.receive()
            packets.append(first)
            if first[0] == 0xFF:
                return packets
            if first[0] == 0xFB:  # LOCAL INFILE: send nothing
                self.send(b"", self.sequence)
                continue
            if first[0] == 0:
                at = lenenc(first, lenenc(first, 1)[1])[1]
                status = struct.unpack_from("<H", first, at)[0]
            else:
                status = self._result_set(lenenc(first, 0)[0], packets)
                if status is None:
                    return packets
            if not status & MORE_RESULTS:
                return packets

    def _result_set(self, columns, packets):
        for _ in range(columns):
            packets.append(self.receive())
        if not self.capabilities & DEPRECATE_EOF:
            packets.append(self.receive())
            if self._status_of_end(packets[-1]) & CURSOR_EXISTS:
                return self._status_of_end(packets[-1])
        while True:
            packet = self.receive()
            packets.append(packet)
            if packet[0] == 0xFF:
                return None
            if self._is_end(packet):
                return self._status_of_end(packet)

    def command(self, code, body=b""):
        self.send(bytes([code]) + body)
        return self.answer()

    def query(self, statement):
        return self.command(QUERY, statement.encode())

    def prepare(self, statement):
        """Packets of the answer, and the statement's number (None after an error)."""
        self.send(bytes([PREPARE]) + statement.encode())
        packets = [self.receive()]
        if packets[0][0] == 0xFF:
            return packets, None
        number, columns, parameters = struct.unpack_from("<IHH", packets[0], 1)
        # The number is the server's own affair.
        packets[0] = packets[0][:1] + b"...." + packets[0][5:]
        for count in (parameters, columns):
            for _ in range(count):
                packets.append(self.receive())
            if count and not self.capabilities & DEPRECATE_EOF:
                packets.append(self.receive())
        return packets, number

    def execute(self, number, values=(), flags=0):
        nulls = bytearray((len(values) + 7) // 8)
        types, data = b"", b""
        for i, value in enumerate(values):
            if value is None:
                nulls[i // 8] |= 1 << i % 8
                types += b"\x06\0"
            elif isinstance(value, int):
                types += b"\x08\0"
                data += struct.pack("<q", value)
            elif isinstance(value, float):
                types += b"\x05\0"
                data += struct.pack("<d", value)
            elif value is LONG:
                types += b"\xfc\0"
            else:
                raw = value.encode() if isinstance(value, str) else value
                types += b"\xfd\0" if isinstance(value, str) else b"\xfc\0"
                size = len(raw)
                prefix = bytes([size]) if size < 251 else b"\xfc" + size.to_bytes(2, "little") if size < 1 << 16 else b"\xfd" + size.to_bytes(3, "little") if size < 1 << 24 else b"\xfe" + size.to_bytes(8, "little")
                data += prefix + raw
        body = struct.pack("<IBI", number, flags, 1)
        if values:
            body += bytes(nulls) + b"\1" + types + data
        return self.command(EXECUTE, body)

    def close_statement(self, number):
        self.send(bytes([CLOSE]) + struct.pack("<I", number))

    def close(self):
        try:
            self.send(bytes([QUIT]))
        except OSError:
            pass
        self.socket.close()


LONG = object()  # a parameter that was sent by LONG_DATA before
