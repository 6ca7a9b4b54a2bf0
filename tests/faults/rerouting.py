"""Clients that loop over a query on one connection while the Route of their user changes under them."""
import base64
import json
import threading
import time
import urllib.request

import laboratory

USER = "mover"
EAST, WEST = "us-east-1", "us-west-2"


class Looper(threading.Thread):
    """Asks which server answers, over and over. `answers`: (sent, answered, server)."""

    def __init__(self, edge, password, pause=0.0):
        super().__init__(daemon=True)
        self.edge, self.pause = edge, pause
        self.session = laboratory.Session(laboratory.EDGES[edge], USER, password=password)
        self.answers = []
        self.trouble = None
        self.stopping = threading.Event()
        self.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                sent = time.monotonic()
                server = self.session.values("SELECT @@server_id")[0]
                self.answers.append((sent, time.monotonic(), server))
                if self.pause:
                    self.stopping.wait(self.pause)
        except (OSError, laboratory.Failed) as error:
            self.trouble = repr(error)

    def stop(self):
        self.stopping.set()
        self.join()
        self.session.close()

    def last(self):
        if self.trouble:
            raise AssertionError(f"the client at the {self.edge} edge was disturbed: {self.trouble}")
        return self.answers[-1][2] if self.answers else None


def new_user(*regions):
    """Gives the password; the user reads replicas, of which each region has one."""
    said = json.loads(laboratory.wanlab("credential", "create", USER, "--branch", "main", "--region", ",".join(regions),
                                        "--role", "reader", "--tablet", "replica", "--json"))
    return said["password"]


def server_of_region(region):
    """What the region's replica says of itself."""
    replica = next(database for database in laboratory.state()["databases"]
                   if database["region"] == region and not database["primary"])
    session = laboratory.direct(replica["port"])
    try:
        return session.values("SELECT @@server_id")[0]
    finally:
        session.close()


class RouteRecord:
    """The user's Route in etcd, written by one PUT through etcd's own gateway, so that it is known when. (A command
    first reads, and also writes Credentials.)"""

    def __init__(self):
        url, self.prefix = laboratory.state()["store"][0].rsplit("/", 1)
        self.url = url
        found = self.call("range", {"key": self.coded("\0"), "range_end": self.coded("\0")})["kvs"]
        keys = [base64.b64decode(each["key"]) for each in found]
        self.key = next(key for key in keys if b"/global" in key and b"route" in key and key.endswith(USER.encode()))

    @staticmethod
    def coded(data):
        return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()

    def call(self, what, body):
        request = urllib.request.Request(f"{self.url}/v3/kv/{what}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def write(self, *regions):
        """When the write was sent, at the latest."""
        def field(number, text):
            return bytes([number << 3 | 2, len(text)]) + text.encode()
        value = field(1, "main") + b"".join(field(2, region) for region in regions)
        body = {"key": self.coded(self.key), "value": self.coded(value)}
        sent = time.monotonic()
        self.call("put", body)
        return sent


def delays(looper, sent, old, new):
    """Of a move from `old` to `new` that was written at `sent`: seconds until the answer of the first query that went
    to `new`, and those of them that neither the query under way nor the new path accounts for."""
    answers = [answer for answer in looper.answers if answer[1] >= sent]
    first = next(answer for answer in answers if answer[2] == new)
    under_way = max([sent] + [answered for begun, answered, server in answers if begun < sent])
    quickest = min(answered - begun for begun, answered, server in looper.answers if server == new)
    return first[1] - sent, max(0.0, first[1] - under_way - quickest)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(rounds, loopers_per_edge=2):
    """Moves everybody back and forth; gives the delays as two lists."""
    password = new_user(EAST, WEST)
    servers = {region: server_of_region(region) for region in (EAST, WEST)}
    record = RouteRecord()
    loopers = [Looper(edge, password, pause=0.001) for edge in laboratory.EDGES for _ in range(loopers_per_edge)]
    total, beyond = [], []
    try:
        record.write(EAST)
        now, then = EAST, WEST
        for turn in range(rounds + 2):  # the first ones only show what the paths take
            def everybody_is_there():
                return all(looper.last() == servers[now] for looper in loopers)
            laboratory.wait_for(everybody_is_there, every=0.005)
            time.sleep(0.05)
            for looper in loopers:
                del looper.answers[:-200]
            sent = record.write(then)
            now, then = then, now
            laboratory.wait_for(everybody_is_there, every=0.005)
            time.sleep(0.15)
            if turn < 2:
                continue
            for looper in loopers:
                whole, rest = delays(looper, sent, servers[then], servers[now])
                total.append(whole)
                beyond.append(rest)
    finally:
        for looper in loopers:
            looper.stop()
        laboratory.wanlab("credential", "revoke", USER)
    for looper in loopers:
        if looper.trouble:
            raise AssertionError(looper.trouble)
    return total, beyond


def report(name, seconds):
    points = ", ".join(f"p{share:g} {1000 * percentile(seconds, share / 100):.1f}" for share in (50, 90, 99))
    return f"{name}: {points}, longest {1000 * max(seconds):.1f} ms ({len(seconds)} moves)"
