"""The rules of the house, read from the source text: who may include whom, which library enters by which
door, and what must never reach a digest. Judges text only; knows no compiler."""

import re
from pathlib import PurePosixPath

# A third-party header's first path segment -> where alone it may be included (a room, or a file pattern).
DOORS = {
    "openssl": ["real_components/crypto/", "real_components/hosting/"],
    "google": ["real_components/wire/"],
    "grpc": ["real_components/hosting/", "sim/emulation/", "tests/store/"],
    "grpcpp": ["real_components/hosting/", "sim/emulation/", "tests/store/"],
    "nlohmann": ["*_json.cpp"],
    "CLI": ["sim/app/", "real_components/hosting/*_main.cpp"],
    "Eigen": ["analysis/"],
    "sqlite3.h": ["sim/sweep/"],
    "mpi.h": ["sim/app/mpi/"],
    "boost": ["sim/network/", "real_components/hosting/", "sim/emulation/"],
    "gtest": ["tests/"],
    "gmock": ["tests/"],
    "benchmark": ["benchmarks/"],
}

# Rooms whose every result reaches the digest, or that run unchanged in production.
SIMULATED = ("real_components/", "sim/base/", "sim/kernel/", "sim/network/", "sim/world/")
# The production host is where clocks, sockets, threads and entropy come in.
HOSTS = ("real_components/hosting/", "sim/emulation/")

BANNED = [
    (r"\brandom_device\b|\bmt19937|\b\w+_distribution\s*<|(?<![\w:.>])s?rand\s*\(|\bgetrandom\b|\bgetentropy\b",
     "draws chance from somewhere else than a named random stream"),
    (r"\b(system|steady|high_resolution)_clock\b|\bclock_gettime\b|\bgettimeofday\b|\bstd::time\s*\(",
     "reads a clock"),
    # Not sqrt, floor, trunc, abs: IEEE 754 fixes those to the last bit.
    (r"(?<![\w.>:])(?:std\s*::\s*|::)?(?:exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|"
     r"atan2|sinh|cosh|tanh|cbrt|hypot|erf|erfc|tgamma|lgamma)[fl]?\s*\((?!\s*\))",
     "uses a libm function, whose last digits differ between machines"),
    (r"\bstd::(j?thread|async)\b|\bpthread_create\b", "starts a thread"),
    (r"\bgetenv\b", "reads the environment"),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def rooms_in_order(top_level_cmake):
    """The rooms as the top-level CMakeLists.txt lists them: each may use those before it."""
    return re.search(r"set\(rooms\s+([^)]*)\)", top_level_cmake).group(1).split()


def room_of(path, rooms):
    holders = [room for room in rooms if path.startswith(room + "/")]
    return max(holders, key=len) if holders else None


def includes(text):
    """(line number, quoted?, header) of every include, those in comments left out."""
    text = without_comments(text)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match.group(1) == '"', match.group(2)


def without_comments(text, keep_strings=True):
    """The same text, line for line, with comments (and string contents, if told) blanked."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                       r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)

    def blank(match):
        piece = match.group(0)
        if not piece.startswith("/") and keep_strings:
            return piece
        return re.sub(r"[^\n]", " ", piece)

    return token.sub(blank, text)


def may_include_room(user, used, rooms):
    if user == used or user == "sim/app":
        return True
    if user.startswith("analysis"):
        return (used in ("sim/trace", "sim/scenario", "sim/base") or
                used.startswith("analysis") and rooms.index(used) < rooms.index(user))
    if user.startswith("real_components/"):
        return used.startswith("real_components/") and rooms.index(used) < rooms.index(user)
    return used.startswith(("real_components/", "sim/")) and rooms.index(used) < rooms.index(user)


def through_a_door(path, header):
    first = header.split("/")[0]
    if header.endswith(".pb.h"):  # generated: etcd's messages stay where gRPC is
        return path.startswith(("real_components/wire/", "real_components/hosting/etcd/", "tests/store/"))
    if first not in DOORS:
        return True
    return any(path.startswith(door) if door.endswith("/") else PurePosixPath(path).match(door)
               for door in DOORS[first])


def judge(path, text, rooms, exists):
    """All breaches in one file, as sentences. `exists` tells whether a header is in the repository."""
    breaches = []
    user = room_of(path, rooms)
    for line, quoted, header in includes(text):
        where = f"{path}:{line}"
        # Some libraries are included with quotes as well.
        if not through_a_door(path, header):
            breaches.append(f"{where}: {header} does not enter by its door")
        if not quoted or header.split("/")[0] in DOORS:
            continue
        used = room_of(header, rooms)
        if used is None and user is not None:
            breaches.append(f"{where}: {header} is not written from the root, or is in no room")
        elif user is not None and not may_include_room(user, used, rooms):
            breaches.append(f"{where}: {user} may not include {used}")
        if used is not None and not header.endswith(".pb.h") and not exists(header):
            breaches.append(f"{where}: {header} does not exist")
    if path.startswith(SIMULATED) and not path.startswith(HOSTS):
        breaches += judge_determinism(path, text)
    return breaches


def judge_determinism(path, text):
    code = without_comments(text, keep_strings=False)
    breaches = []
    for pattern, why in BANNED:
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            breaches.append(f"{path}:{line}: '{match.group(0).strip()}' {why}")
    # Hash order differs between libraries: what lies in hash tables is looked up, never walked through.
    for name in re.findall(r"\bunordered_(?:multi)?(?:map|set)<[^;{}]*>\s+(\w+)", code):
        for match in re.finditer(rf"\bfor\s*\([^;)]*:\s*{name}\s*\)|\b{name}\.begin\(\)", code):
            line = code.count("\n", 0, match.start()) + 1
            breaches.append(f"{path}:{line}: walks through {name} in hash order")
    return breaches
