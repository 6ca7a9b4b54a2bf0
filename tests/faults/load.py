"""Clients under faults, and the ledger of what each of them was told.

Every change has a number of its own, which is asked for once and never again. What an answer means for it:
    ok       it is stored, once
    unknown  it is stored once or not at all
    refused  it is not stored
Anything that a client hears and the documented table does not know is a complaint.
"""
import itertools
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import laboratory

WIDE_ROWS, ROW_BYTES = 400, 8000


class Ledger:
    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.changes = {}     # number: ok, unknown, refused
        self.together = []    # numbers of one transaction: all or none of them
        self.heard = []       # (second, client, what)
        self.complaints = []
        self.phase = ""

    def number(self):
        with self._lock:
            return next(self._numbers)

    def settle(self, numbers, outcome):
        with self._lock:
            self.changes.update(dict.fromkeys(numbers, outcome))
            if len(numbers) > 1:
                self.together.append(numbers)

    def hear(self, client, what, seconds=0.0):
        with self._lock:
            self.heard.append((self.phase, client.kind, what, seconds))

    def complain(self, client, what):
        with self._lock:
            self.complaints.append(f"{self.phase}: {client.name}: {what}")

    def told(self, phase, kind=None):
        """What clients heard in a phase, with how often and the longest wait for it."""
        told = {}
        for when, who, what, seconds in self.heard:
            if when == phase and kind in (None, who):
                count, longest = told.get(what, (0, 0.0))
                told[what] = (count + 1, max(longest, seconds))
        return told


def meaning(error):
    """The name of an error in the table; None for one that is not in it."""
    if error.code == 1105 and error.state == "HY000" and error.text.startswith("[wanlab:OUTCOME_UNKNOWN]"):
        return "outcome unknown"
    if error.code == 1053 and error.state == "08S01":
        if error.text.startswith("[wanlab:COMMIT_OUTCOME_UNKNOWN]"):
            return "commit unknown"
        if "cannot be reached" in error.text or "can be reached" in error.text:
            return "nobody there"
        if "within the answer" in error.text:
            return "answer broken off"
    if error.code == 1040 and error.state == "08004" and "database connection" in error.text:
        return "no place"
    if error.code == 1213 and error.state == "40001":
        return "rolled back"
    if error.code == 1927 and error.state == "70100":
        return "state lost"
    return None


class Client(threading.Thread):
    """One connection, used over and over. Subclasses say what for, and what they may hear."""

    kind = ""
    pause = 0.01
    connection_may_end_with = ()

    def __init__(self, ledger, edge, number, user="app"):
        super().__init__(daemon=True)
        self.ledger, self.edge, self.user = ledger, edge, user
        self.name = f"{self.kind} {number} at the {edge} edge"
        self.random = random.Random(self.name)
        self.stopping = threading.Event()
        self.successes = 0     # in a row
        self.connections = 0
        self.session = None

    def connect(self):
        self.session = laboratory.Session(laboratory.EDGES[self.edge], self.user)
        self.connections += 1
        self.prepare()

    def prepare(self):
        pass

    def turn(self):
        raise NotImplementedError

    def ask(self, statement):
        """Packets, or the name of an error in the table."""
        began = time.monotonic()
        try:
            answer = self.session.query(statement)
            what = "ok"
        except laboratory.Failed as error:
            answer = what = meaning(error)
            if what is None:
                self.ledger.complain(self, f"{statement[:60]}: {error}")
                answer = what = "not in the table"
        except TimeoutError:
            self.ledger.complain(self, f"{statement[:60]}: no answer for {laboratory.LONGEST_SILENCE} s")
            answer = what = "silence"
        except OSError:
            answer = what = "closed"
        self.ledger.hear(self, what, time.monotonic() - began)
        self.successes = self.successes + 1 if what == "ok" else 0
        return answer

    def end_of(self, what):
        """The connection must have ended with such an answer; then there is a new one."""
        if what == "closed" and "closed" in self.connection_may_end_with:
            self.reconnect()
        elif what in self.connection_may_end_with:
            try:
                self.session.query("SELECT 1")
                self.ledger.complain(self, f"the connection goes on after \"{what}\"")
            except (OSError, laboratory.Failed):
                pass
            self.reconnect()
        elif what in ("closed", "silence"):
            self.ledger.complain(self, "the connection ended")
            self.reconnect()

    def reconnect(self):
        if self.session:
            self.session.close()
        while not self.stopping.is_set():
            try:
                return self.connect()
            except laboratory.raw_client.ServerError as error:
                # Nobody there who could judge the password.
                self.ledger.hear(self, f"login refused {error.code}")
                if error.code != 1053:
                    self.ledger.complain(self, f"login: {error}")
            except OSError as error:
                self.ledger.complain(self, f"login: {error!r}")
            self.stopping.wait(0.2)

    def run(self):
        try:
            self.reconnect()
            while not self.stopping.is_set():
                self.turn()
                self.stopping.wait(self.pause * (0.5 + self.random.random()))
        except Exception as error:  # a client that is broken must not look like one that hears nothing
            self.ledger.complain(self, repr(error))
        finally:
            if self.session:
                self.session.close()


class Writer(Client):
    kind = "writer"
    means = {"outcome unknown": "unknown", "nobody there": "refused", "no place": "refused"}

    def prepare(self):
        self.insert = lambda number: f"INSERT INTO changes (number) VALUES ({number})"

    def turn(self):
        number = self.ledger.number()
        answer = self.ask(self.insert(number))
        if isinstance(answer, list):
            return self.ledger.settle([number], "ok")
        self.ledger.settle([number], self.means.get(answer, "unknown"))
        if answer not in self.means and answer != "not in the table":
            self.ledger.complain(self, f"an INSERT ended with \"{answer}\"")
        self.end_of(answer)


class Transactions(Client):
    kind = "transactions"
    pause = 0.02
    connection_may_end_with = ("commit unknown",)

    def turn(self):
        numbers = [self.ledger.number() for _ in range(3)]
        began = self.ask("BEGIN")
        if not isinstance(began, list):
            if began not in ("nobody there", "no place", "outcome unknown"):
                self.ledger.complain(self, f"BEGIN ended with \"{began}\"")
            return self.end_of(began)
        for number in numbers:
            answer = self.ask(f"INSERT INTO changes (number) VALUES ({number})")
            if not isinstance(answer, list):
                self.ledger.settle(numbers, "refused")
                return self.lost(answer, "an INSERT in a transaction", ("rolled back",))
        answer = self.ask("COMMIT")
        if isinstance(answer, list):
            return self.ledger.settle(numbers, "ok")
        self.ledger.settle(numbers, "refused" if answer == "rolled back" else "unknown")
        self.lost(answer, "COMMIT", ("rolled back", "commit unknown"))

    def lost(self, answer, what, allowed):
        if answer not in allowed:
            self.ledger.complain(self, f"{what} ended with \"{answer}\"")
        self.end_of(answer)
        if answer == "rolled back" and isinstance(self.ask("SET @@sql_auto_is_null = 0"), list):
            if self.session.status & 1:
                self.ledger.complain(self, "is told to be in the transaction that was rolled back")


class Reader(Client):
    """Reads replicas, of which there are others: it hears nothing of any fault."""

    kind = "reader"

    def turn(self):
        answer = self.ask("SELECT COUNT(*) FROM fixed")
        if not isinstance(answer, list):
            self.ledger.complain(self, f"a read ended with \"{answer}\"")
            self.end_of(answer)


class WideReader(Client):
    """Answers that are long enough to break off. Never shorter than they say, never begun anew."""

    kind = "wide reader"
    pause = 0.1
    connection_may_end_with = ("closed",)

    def turn(self):
        answer = self.ask(f"SELECT seq, REPEAT('x', {ROW_BYTES}) FROM seq_1_to_{WIDE_ROWS}")
        if isinstance(answer, list):
            rows = [int(row[1:1 + row[0]]) for row in answer[4:-1]]
            if rows != list(range(1, WIDE_ROWS + 1)):
                self.ledger.complain(self, f"{len(rows)} rows instead of {WIDE_ROWS}")
        elif answer not in ("answer broken off", "closed", "nobody there", "outcome unknown"):
            self.ledger.complain(self, f"a long answer ended with \"{answer}\"")
        self.end_of(answer if isinstance(answer, str) else "")


class Sleeper:
    """Connects, does something once, and speaks again only when asked to."""

    def __init__(self, edge, *statements, user="app"):
        self.session = laboratory.Session(laboratory.EDGES[edge], user)
        for statement in statements:
            self.session.query(statement)

    def prepare(self, statement):
        self.prepared = self.session.prepare(statement)[1]
        return self

    def execute(self):
        """"ok", the name of an error, or "closed"."""
        try:
            packets = self.session.execute(self.prepared)
        except OSError:
            return "closed"
        if packets[-1][0] != 0xFF:
            return "ok"
        failed = laboratory.Failed(packets[-1])
        return meaning(failed) or str(failed)

    def ask(self, statement):
        """The first value, the name of an error, or "closed"."""
        try:
            packets = self.session.query(statement)
        except laboratory.Failed as error:
            return meaning(error) or str(error)
        except OSError:
            return "closed"
        if packets[0][0] == 0:
            return "ok"
        row = packets[laboratory.raw_client.lenenc(packets[0], 0)[0] + 2]
        return "NULL" if row[0] == 0xFB else row[1:1 + row[0]].decode()

    def close(self):
        self.session.close()


class Sysbench:
    """oltp_read_write with prepared statements beside the other clients, at a bounded rate. It does not survive the
    loss of a session, so that it is started again and again."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.connection = ["--mysql-host=127.0.0.1", "--mysql-db=" + os.environ["WANLAB_DATABASE"], "--tables=2",
                           "--table-size=500"]
        direct = ["--mysql-port=" + os.environ["WANLAB_DIRECT_PORT"], "--mysql-user=" + os.environ["WANLAB_DIRECT_USER"],
                  "--mysql-password=" + os.environ["WANLAB_DIRECT_PASSWORD"]]
        subprocess.run(["sysbench", "oltp_read_write", *self.connection, *direct, "prepare"], check=True,
                       stdout=subprocess.DEVNULL)
        # It asks for TLS only with three files of these names in the folder it runs in; any certificate does.
        authority = Path(os.environ["WANLAB_CA"])
        for file, name in (("ca.pem", "cacert.pem"), ("localhost.pem", "client-cert.pem"), ("localhost.key", "client-key.pem")):
            shutil.copy(authority.parent / file, Path(self.folder.name, name))
        self.stopping = threading.Event()
        self.process = None
        self.again = threading.Thread(target=self._again, daemon=True)
        self.again.start()

    def _again(self):
        words = ["sysbench", "oltp_read_write", *self.connection, "--mysql-ssl=on", f"--mysql-port={laboratory.EDGES['near']}",
                 "--mysql-user=app", "--mysql-password=" + os.environ["WANLAB_PASSWORD_app"], "--threads=4", "--rate=10",
                 "--time=0", "--events=0", "--report-interval=1", "--mysql-ignore-errors=all", "run"]
        while not self.stopping.is_set():
            with open(Path(self.folder.name, "out.log"), "ab") as out:
                self.process = subprocess.Popen(words, cwd=self.folder.name, stdout=out, stderr=subprocess.STDOUT)
            while self.process.poll() is None and not self.stopping.wait(0.1):
                pass
            self.process.kill()
            self.process.wait()
            self.stopping.wait(0.5)

    def stop(self):
        """The transactions of the whole time, from its own reports."""
        self.stopping.set()
        self.again.join()
        try:
            text = Path(self.folder.name, "out.log").read_text(errors="replace")
        except OSError:
            return self.transactions
        self.folder.cleanup()
        self.transactions = round(sum(float(rate) for rate in re.findall(r"tps: ([0-9.]+)", text)))
        return self.transactions
