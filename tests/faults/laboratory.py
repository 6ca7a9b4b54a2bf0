"""The laboratory that this process runs in (`wanlab up --exec`): its faults, processes and databases.

Knows nothing of what is tested. Every command goes through `wanlab`, as an operator's would.
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "drivers" / "differential"))
import raw_client  # noqa: E402

FOLDER = Path(os.environ.get("WANLAB_LAB", "."))
EDGES = {"near": int(os.environ.get("WANLAB_PORT_1", 0)), "far": int(os.environ.get("WANLAB_PORT_2", 0))}
LONGEST_SILENCE = 60  # seconds: whoever waits longer for an answer hangs


class Failed(Exception):
    """An ERR packet."""

    def __init__(self, payload):
        self.code = int.from_bytes(payload[1:3], "little")
        self.state = payload[4:9].decode()
        self.text = payload[9:].decode(errors="replace")
        super().__init__(f"ERR {self.code} ({self.state}) {self.text}")


class Session(raw_client.Client):
    """One connection. query() gives the packets of the answer, or raises Failed; `status` is that of the last OK."""

    status = 0

    def __init__(self, port, user, ca=os.environ.get("WANLAB_CA"), password=None, database=None):
        self._at = 0
        password = password or os.environ["WANLAB_PASSWORD_" + user]
        try:
            super().__init__("127.0.0.1", port, user, password, database or os.environ["WANLAB_DATABASE"], ca,
                             timeout=LONGEST_SILENCE)
        except BaseException:
            if hasattr(self, "socket"):
                self.socket.close()
            raise

    def _read(self, count):
        # Large answers in linear time.
        while len(self.buffer) - self._at < count:
            part = self.socket.recv(1 << 18)
            if not part:
                raise ConnectionError("the server closed the connection")
            self.buffer = self.buffer[self._at:] + part
            self._at = 0
        self._at += count
        return self.buffer[self._at - count:self._at]

    def query(self, statement):
        packets = super().query(statement)
        if packets[-1][0] == 0xFF:
            failed = Failed(packets[-1])
            failed.packets_before = len(packets) - 1
            raise failed
        if packets[0][0] == 0:
            at = raw_client.lenenc(packets[0], raw_client.lenenc(packets[0], 1)[1])[1]
            self.status = int.from_bytes(packets[0][at:at + 2], "little")
        else:
            self.status = self._status_of_end(packets[-1])
        return packets

    def values(self, statement):
        """The first column of every row, as text; None for NULL."""
        packets = self.query(statement)
        columns = raw_client.lenenc(packets[0], 0)[0]
        values = []
        for row in packets[columns + 2:-1]:
            if row[0] == 0xFB:
                values.append(None)
                continue
            size, at = raw_client.lenenc(row, 0)
            values.append(row[at:at + size].decode())
        return values


def direct(port=None):
    """To a database itself, the primary by default, around everything that is under test."""
    return Session(port or int(os.environ["WANLAB_DIRECT_PORT"]), os.environ["WANLAB_DIRECT_USER"], ca=None,
                   password=os.environ["WANLAB_DIRECT_PASSWORD"])


def state():
    return json.loads((FOLDER / "lab.json").read_text())


def wanlab(*words):
    """What the command says; raises if it fails."""
    done = subprocess.run([os.environ["WANLAB_PROGRAM"], *words, "--folder", str(FOLDER)], capture_output=True, text=True,
                          timeout=LONGEST_SILENCE)
    if done.returncode != 0:
        raise RuntimeError(f"wanlab {' '.join(words)}: status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def begin(*words):
    """Begins a fault and gives its number."""
    return wanlab("fault", *words).split()[1].rstrip(":")


def heal(number):
    wanlab("fault", "heal", number)


def admin(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.loads(answer.read())


def processes():
    """The servers of the laboratory: number to name. Names are unique."""
    boss = state()["pid"]
    found = {}
    for child in Path(f"/proc/{boss}/task/{boss}/children").read_text().split():
        try:
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        name = Path(words[0].decode()).name
        if name in ("wanlab-edge", "wanlab-origin"):
            name = Path(words[words.index(b"--config") + 1].decode()).stem
        elif name == "mariadbd":
            name = next(Path(word.decode()).parent.name for word in words if word.startswith(b"--datadir="))
        elif name != "etcd":
            continue
        found[int(child)] = name
    return found


def wait_for(condition, limit=LONGEST_SILENCE, every=0.05):
    """Seconds until the condition held; raises when it never does."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > limit:
            raise TimeoutError(f"{condition.__name__}: not within {limit} s")
        time.sleep(every)
    return time.monotonic() - began


def inside():
    return "WANLAB_PROGRAM" in os.environ


def run_inside(file, program, words=None):
    """Starts a laboratory and runs `file` with `words` (default: those behind PROGRAM) inside of it; gives its status."""
    words = sys.argv[2:] if words is None else words
    with tempfile.TemporaryDirectory() as folder:
        command = "exec " + " ".join(shlex.quote(word) for word in (sys.executable, str(file), *words))
        return subprocess.run([program, "up", "--quiet", "--folder", folder + "/lab", "--exec", command],
                              env={**os.environ, "WANLAB_PROGRAM": program, "PYTHONDONTWRITEBYTECODE": "1"}).returncode
