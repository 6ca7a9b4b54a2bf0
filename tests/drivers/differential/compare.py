"""Asks two servers the same and compares their answers packet by packet, in the text and in the binary
protocol, with and without DEPRECATE_EOF and SESSION_TRACK.

usage: compare.py, with the WANLAB_* variables of tests/drivers/README.md for the edge and
WANLAB_DIRECT_{HOST,PORT,USER,PASSWORD} for the database itself. Exit status 1 when an answer differs that
is not in differences.py.
"""
import os
import sys

import raw_client
from raw_client import Client, DEPRECATE_EOF, SESSION_TRACK
from statements import all_statements

try:
    from differences import intended
except ImportError:
    def intended(statement, direct, through):
        return None


def connect(prefix, extra, only=0xFFFFFFFF):
    value = lambda name: os.environ[prefix + name]
    return Client(value("HOST"), int(value("PORT")), value("USER"), value("PASSWORD"), os.environ["WANLAB_DATABASE"],
                  os.environ.get("WANLAB_CA") if prefix == "WANLAB_" else None, extra, only)


def ask(client, statement, binary):
    try:
        if isinstance(statement, tuple):
            packets, number = client.prepare(statement[0])
            if number is not None:
                packets = packets + client.execute(number, statement[1:]) + client.execute(number, statement[1:])
                client.close_statement(number)
            return packets
        if binary:
            packets, number = client.prepare(statement)
            if number is not None:
                packets = packets + client.execute(number)
                client.close_statement(number)
            return packets
        return client.query(statement)
    except (OSError, ConnectionError) as error:
        return [b"lost: " + str(error).encode()]


def show(packets):
    lines = [repr(packet[:160]) for packet in packets[:12]]
    return "\n      ".join(lines + (["... %d packets" % len(packets)] if len(packets) > 12 else []))


def run(extra, binary, name):
    # Both have to speak alike, or every packet differs.
    direct, through = connect("WANLAB_DIRECT_", extra), connect("WANLAB_", extra)
    common = direct.capabilities & through.capabilities
    missing = (direct.capabilities ^ through.capabilities) & ~raw_client.SSL
    if missing:
        print("capabilities that only one of them offers: %#x" % missing)
    direct.close()
    through.close()
    direct, through = connect("WANLAB_DIRECT_", extra, common), connect("WANLAB_", extra, common)
    same = differ = meant = 0
    for statement in all_statements():
        a = ask(direct, statement, binary)
        b = ask(through, statement, binary)
        if a == b:
            same += 1
            continue
        reason = intended(statement, a, b)
        if reason:
            meant += 1
            continue
        differ += 1
        print("%s: %r\n   direct\n      %s\n   through the edge\n      %s" % (name, statement, show(a), show(b)))
        if b and b[0].startswith(b"lost") or a and a[0].startswith(b"lost"):
            direct.close()
            through.close()
            direct, through = connect("WANLAB_DIRECT_", extra, common), connect("WANLAB_", extra, common)
    direct.close()
    through.close()
    return same, differ, meant


def main():
    total = [0, 0, 0]
    for extra, words in ((0, "EOF"), (DEPRECATE_EOF | SESSION_TRACK, "no EOF, session tracking")):
        for binary, protocol in ((False, "text"), (True, "binary")):
            result = run(extra, binary, protocol + ", " + words)
            total = [x + y for x, y in zip(total, result)]
            print("%s, %s: %d the same, %d different, %d different as intended" % (protocol, words, *result), flush=True)
    print("in all: %d the same, %d different, %d different as intended" % tuple(total))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
