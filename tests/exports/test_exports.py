"""Exports a few runs and reads them as their readers would: tshark, a JSON reader, an OpenMetrics reader,
a CSV reader, a person. Environment: WANLAB_BINARY."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def wanlab(*words, expect=0):
    result = subprocess.run([os.environ["WANLAB_BINARY"], *map(str, words)], capture_output=True, text=True, timeout=120)
    if result.returncode != expect:
        raise AssertionError(f"wanlab {' '.join(map(str, words))}: status {result.returncode}\n{result.stderr}")
    return result


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="wanlab-exports-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        for scenario in ("scenarios/hello.json", "tests/page/failover.json"):
            wanlab("run", ROOT / scenario, "--out", cls.folder, "--quiet")
        cls.hello = cls.folder / "hello" / "1"
        cls.failover = cls.folder / "failover" / "1"

    def summary(self, run):
        return json.loads((run / "summary.json").read_text())


class Capture(Exports):
    def tshark(self, file, *options):
        result = subprocess.run(["tshark", "-n", "-r", file, "-o", "tcp.check_checksum:TRUE", *options],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.splitlines()

    def capture(self, link, name="capture.pcapng"):
        file = self.folder / name
        wanlab("export", "pcapng", self.hello, "--link", link, "--out", file)
        return file

    def test_of_the_hello_connection_is_mysql_over_tcp(self):
        file = self.capture("hello-1,edge-1.us-west-2")
        protocols = self.tshark(file, "-T", "fields", "-e", "_ws.col.Protocol")
        self.assertGreater(protocols.count("MySQL"), 4)
        self.assertLessEqual(set(protocols), {"TCP", "MySQL"})
        self.assertEqual(self.tshark(file, "-Y", "_ws.malformed or tcp.analysis.flags or tcp.checksum.status==0 or _ws.expert.severity>=error"), [])
        queries = self.tshark(file, "-Y", "mysql.query", "-T", "fields", "-e", "mysql.query")
        self.assertEqual(self.tshark(file, "-Y", "mysql.command==3", "-T", "fields", "-e", "mysql.query"),
                         [queries[0]])
        self.assertTrue(queries[0].startswith("SELECT name FROM account WHERE id = 42"))
        users = [line for line in self.tshark(file, "-Y", "mysql.login_request", "-T", "fields", "-e", "mysql.user") if line]
        self.assertEqual(len(users), 1)

    def test_is_made_where_the_first_end_stands(self):
        def round_trip(file):
            times = [float(line) for line in self.tshark(file, "-Y", "tcp.flags.syn==1", "-T", "fields", "-e", "frame.time_epoch")]
            return times[1] - times[0]
        near = round_trip(self.capture("hello-1,edge-1.us-west-2"))
        far = round_trip(self.capture("edge-1.us-west-2,hello-1", "far.pcapng"))
        self.assertLess(far, near / 2)  # beside the server, SYN and SYN-ACK lie together

    def test_names_hosts_and_takes_places(self):
        file = self.capture("us-west-2,us-east-1", "backhaul.pcapng")
        self.assertGreater(len(self.tshark(file)), 10)
        self.assertEqual(self.tshark(file, "-Y", "_ws.malformed or tcp.analysis.flags"), [])
        names = subprocess.run(["tshark", "-r", file, "-N", "n", "-T", "fields", "-e", "ipv6.src_host"], capture_output=True, text=True)
        self.assertIn("edge-1.us-west-2", names.stdout)

    def test_refuses_ends_that_do_not_exist(self):
        result = wanlab("export", "pcapng", self.hello, "--link", "hello-1,nowhere", expect=2)
        self.assertIn("nowhere", result.stderr)
        wanlab("export", "pcapng", self.hello, expect=2)


class Trace(Exports):
    def test_leads_from_the_fault_to_the_statements_that_move(self):
        file = self.folder / "trace.json"
        wanlab("export", "trace", self.failover, "--from", "15s", "--to", "30s", "--out", file)
        events = json.loads(file.read_text())["traceEvents"]
        slices = [event for event in events if event["ph"] == "X"]
        self.assertGreater(len(slices), 1000)
        starts = {event["id"]: event for event in events if event["ph"] == "s"}
        ends = {event["id"]: event for event in events if event["ph"] == "f"}
        self.assertEqual(set(starts), set(ends))
        self.assertLessEqual({"silences", "unanswered", "re-sorts", "moves statements"}, {event["name"] for event in starts.values()})
        for number, start in starts.items():
            self.assertLessEqual(start["ts"], ends[number]["ts"])
        # Every end of an arrow lies in a slice, or the viewer would not draw it.
        places = {}
        for event in slices:
            places.setdefault((event["pid"], event["tid"]), []).append((event["ts"], event["ts"] + event["dur"]))
        for event in [*starts.values(), *ends.values()]:
            spans = places.get((event["pid"], event["tid"]), [])
            self.assertTrue(any(begin - 0.002 <= event["ts"] <= end + 0.002 for begin, end in spans), event)
        self.assertTrue(any("unanswered" in event["name"] for event in slices))
        self.assertTrue(any(event["name"].startswith("statement, moved to us-east-1") for event in slices))


class Series(Exports):
    def test_openmetrics_has_families_in_order_and_ends_like_the_summary(self):
        file = self.folder / "metrics.txt"
        wanlab("export", "openmetrics", self.failover, "--out", file)
        lines = file.read_text().splitlines()
        self.assertEqual(lines[-1], "# EOF")
        family, kinds, last, seen = None, {}, {}, set()
        for line in lines[:-1]:
            if line.startswith("# TYPE "):
                family, kind = line.split()[2:]
                self.assertNotIn(family, kinds)
                kinds[family] = kind
                continue
            name, labels, value, time = re.fullmatch(r"([a-z_:]+)(\{.*\})? (\d+) ([\d.]+)", line).groups()
            self.assertEqual(name, family + ("_total" if kinds[family] == "counter" else ""))
            before = last.get((name, labels), (-1.0, 0))
            self.assertGreater(float(time), before[0])
            last[(name, labels)] = (float(time), int(value))
            seen.add(name)
        summary = self.summary(self.failover)
        self.assertEqual(last[("wanlab_queries_answered_total", None)][1], summary["queries"]["answered"])
        self.assertEqual(last[("wanlab_established_total", None)][1], summary["connections"]["established"])
        self.assertIn("wanlab_backhaul_requests_total", seen)

    def test_csv_ends_like_the_summary(self):
        file = self.folder / "timeline.csv"
        wanlab("export", "csv", self.failover, "--out", file)
        last = {}
        with open(file, newline="") as lines:
            for row in csv.DictReader(lines):
                last[(row["subject"], row["name"])] = int(row["value"])
        summary = self.summary(self.failover)
        self.assertEqual(last[("", "queries_sent")], summary["queries"]["sent"])
        for backhaul in summary["backhauls"]:
            self.assertEqual(last.get((f"backhaul {backhaul['pop']} {backhaul['region']}", "requests"), 0), backhaul["requests"])


class Explanation(Exports):
    def test_of_a_connection_tells_every_step_and_why(self):
        text = wanlab("explain", self.hello, "--connection", "hello-1#0").stdout
        places = [text.find(words) for words in
                  ("connects to edge-1.us-west-2", "sends SYN,", "sends its greeting", "sends TLS client hello", "has its session",
                   "sends statement 1", "sends it to us-east-1", "because its order of the regions is us-east-1 (up", "has the database's answer", "has the answer")]
        self.assertNotIn(-1, places, text)
        self.assertEqual(places, sorted(places), text)

    def test_of_a_failover_names_the_fault_and_the_change(self):
        record = json.loads((self.failover / "record.json").read_text())
        slow = record["slow_statements"][0]
        text = wanlab("explain", self.failover, "--connection", f"{slow['client']}#{slow['connection']}").stdout
        self.assertIn("fault: frozen", text)
        self.assertIn("region eu-west-1 goes from", text)
        self.assertIn("now routes first to us-east-1", text)
        self.assertIn("attempt 2", text)

    def test_of_a_moment_tells_what_held(self):
        before = wanlab("explain", self.failover, "--moment", "10s").stdout
        during = wanlab("explain", self.failover, "--moment", "40s").stdout
        self.assertIn("open connections   50", before)
        self.assertRegex(before, r"faults\n  none")
        self.assertRegex(during, r"faults\n  freeze")
        self.assertIn("now routes first to us-east-1", during)
        self.assertRegex(during, r"region eu-west-1 goes from \w+ to down")

    def test_of_what_is_not_there_is_refused(self):
        self.assertIn("no connection", wanlab("explain", self.hello, "--connection", "hello-1#77", expect=2).stderr)
        self.assertIn("HOST#NUMBER", wanlab("explain", self.hello, "--connection", "hello", expect=2).stderr)
        wanlab("explain", self.hello, "--moment", "soon", expect=2)
        wanlab("explain", self.folder, "--moment", "1s", expect=2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
