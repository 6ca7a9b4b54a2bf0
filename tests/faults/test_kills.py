"""What clients see while what is behind their edge is cut off, killed or stands still, under load.

Run by ctest: test_kills.py PROGRAM [TESTS], with PROGRAM the built wanlab-lab. The promises are those of
real_components/edge/edge_node.hpp and of "Faults behind the edge" in docs/differences.md.
"""
import json
import sys
import time
import unittest
from pathlib import Path

import laboratory
import load

PATHS = ("iad", "pdx")
PRIMARY, ORIGIN = "primary.main.us-east-1", "origin-1.us-east-1"
NOTHING = set()
GONE = {"outcome unknown", "rolled back", "commit unknown", "nobody there", "login refused 1053", "answer broken off",
        "closed"}


def replicas_have_everything():
    for edge in laboratory.EDGES:
        reader = load.Sleeper(edge, user="reader")
        found = reader.ask("SELECT COUNT(*) FROM fixed")
        reader.close()
        if found != "100":
            return False
    return True


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with_rights = laboratory.direct()
        # Nothing in it could keep a second row of the same number out.
        with_rights.query("CREATE TABLE changes (number BIGINT NOT NULL) ENGINE=InnoDB")
        with_rights.query("CREATE TABLE fixed (number BIGINT NOT NULL) ENGINE=InnoDB")
        with_rights.query("INSERT INTO fixed SELECT seq FROM seq_1_to_100")
        with_rights.close()
        laboratory.wait_for(replicas_have_everything)
        cls.sysbench = load.Sysbench()
        cls.ledger = load.Ledger()
        cls.clients = [kind(cls.ledger, edge, number, user)
                       for kind, edge, count, user in ((load.Writer, "near", 4, "app"), (load.Writer, "far", 4, "app"),
                                                       (load.Transactions, "near", 2, "app"),
                                                       (load.Transactions, "far", 3, "app"),
                                                       (load.Reader, "near", 2, "reader"),
                                                       (load.Reader, "far", 1, "reader"),
                                                       (load.WideReader, "far", 1, "app"))
                       for number in range(1, count + 1)]
        for client in cls.clients:
            client.start()
        cls.everybody_is_served()

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients:
            client.stopping.set()
        for client in cls.clients:
            client.join(2 * laboratory.LONGEST_SILENCE)
        cls.sysbench.stop()

    @classmethod
    def everybody_is_served(cls):
        for client in cls.clients:
            client.successes = 0

        def everybody_gets_answers():
            return all(client.successes >= 3 for client in cls.clients)

        return laboratory.wait_for(everybody_gets_answers)

    def fault(self, name, *faults, lasts, allowed, sure=(), sleepers, restarts=NOTHING, meanwhile=None):
        """One fault under load, from a calm to the next. `allowed`: what clients may hear of it, `sure`: what some of
        them must, since their statements were under way. `sleepers`: what those hear at their next statement that said
        nothing meanwhile, by what they had done."""
        ledger, complaints = self.ledger, len(self.ledger.complaints)
        connections = {client: client.connections for client in self.clients}
        processes = laboratory.processes()
        asleep = {
            "nothing": load.Sleeper("near"),
            "a transaction": load.Sleeper("far", "BEGIN", "INSERT INTO changes (number) VALUES (-1)"),
            "a variable": load.Sleeper("far", "SET @kept = 'yes'"),
            "a setting": load.Sleeper("near", "SET SESSION sql_mode = 'ANSI'"),
            "a temporary table": load.Sleeper("near", "CREATE TEMPORARY TABLE kept (number INT)"),
            "a lock": load.Sleeper("far", "SELECT GET_LOCK('kept', 10)"),
            "a prepared statement": load.Sleeper("near").prepare("SELECT 7"),
        }
        ledger.phase = name
        numbers = [laboratory.begin(*words) for words in faults]
        began = time.monotonic()
        if meanwhile:
            meanwhile()
        time.sleep(max(0, lasts - (time.monotonic() - began)))
        for number in numbers:
            laboratory.heal(number)
        back = self.everybody_is_served()
        heard = {
            "nothing": asleep["nothing"].ask("SELECT 1"),
            "a transaction": asleep["a transaction"].ask("INSERT INTO changes (number) VALUES (-1)"),
            "a variable": asleep["a variable"].ask("SELECT @kept"),
            "a setting": asleep["a setting"].ask("SELECT @@sql_mode LIKE '%ANSI%'"),
            "a temporary table": asleep["a temporary table"].ask("SELECT COUNT(*) FROM kept"),
            "a lock": asleep["a lock"].ask("SELECT IS_USED_LOCK('kept') = CONNECTION_ID()"),
            "a prepared statement": asleep["a prepared statement"].execute(),
        }
        after = asleep["a transaction"].ask("ROLLBACK"), asleep["a variable"].ask("SELECT 1")
        ledger.phase = "after " + name
        told = ledger.told(name)
        print(f"\n{name}: all served again {back:.1f} s after its end; clients heard " +
              ", ".join(f"{what} {count} (longest {longest:.2f} s)" for what, (count, longest) in sorted(told.items())),
              flush=True)
        for sleeper in asleep.values():
            sleeper.close()
        self.assertEqual(ledger.complaints[complaints:], [])
        self.assertLessEqual(set(told) - {"ok"}, allowed)
        self.assertLessEqual(set(sure), set(told))
        self.assertEqual(heard, {"nothing": "1", "a transaction": "ok", "a variable": "yes", "a setting": "1",
                                 "a temporary table": "0", "a lock": "1", "a prepared statement": "ok", **sleepers})
        self.assertEqual(after[0], "ok")
        self.assertEqual(after[1], "closed" if sleepers else "1")
        # Connections ended only where that was said.
        ends = sum(told.get(what, (0,))[0] for what in ("commit unknown", "closed"))
        self.assertEqual(sum(client.connections - connections[client] for client in self.clients), ends)
        # And nobody was restarted but who was killed.
        killed = set(processes.items()) - set(laboratory.processes().items())
        self.assertEqual({name for number, name in killed}, set(restarts))
        self.assertEqual(sorted(laboratory.processes().values()), sorted(processes.values()))

    gone = {"a transaction": "rolled back", "a variable": "state lost", "a temporary table": "state lost",
            "a lock": "state lost", "a prepared statement": "state lost"}

    def test_1_backhaul_connections_are_reset(self):
        self.fault("paths reset", *[("partition", f"from={edge}", "to=us-east-1", "--reset") for edge in PATHS],
                   lasts=3, allowed=GONE, sure={"outcome unknown", "nobody there"}, sleepers=self.gone)

    def test_2_backhaul_is_silent(self):
        self.fault("paths silent", *[("partition", f"from={edge}", "to=us-east-1") for edge in PATHS],
                   lasts=8, allowed=GONE, sure={"outcome unknown", "nobody there"}, sleepers=self.gone)

    def test_2_backhaul_loses_answers_only(self):
        # Everything is done, and nobody hears of it.
        self.fault("answers lost", *[("partition", "from=us-east-1", f"to={edge}", "one_way=true") for edge in PATHS],
                   lasts=8, allowed=GONE, sure={"outcome unknown", "nobody there"}, sleepers=self.gone)
        self.assertTrue(self.done_unheard(), "no change with an unknown outcome was done")

    def done_unheard(self):
        server = laboratory.direct()
        stored = {int(number) for number in server.values("SELECT number FROM changes")}
        server.close()
        return {number for number, what in self.ledger.changes.items() if what == "unknown"} & stored

    def test_3_origin_is_killed(self):
        self.fault("origin killed", ("crash", "host=" + ORIGIN), lasts=3, restarts={ORIGIN}, allowed=GONE,
                   sure={"outcome unknown", "nobody there"}, sleepers=self.gone)

    def test_4_origin_stands_still(self):
        self.fault("origin frozen", ("freeze", "host=" + ORIGIN), lasts=8, allowed=GONE,
                   sure={"outcome unknown", "nobody there"}, sleepers=self.gone)

    def test_5_database_is_killed(self):
        self.fault("database killed", ("crash", "host=" + PRIMARY), lasts=4, restarts={PRIMARY}, allowed=GONE,
                   sure={"nobody there"}, sleepers=self.gone)

    def test_6_database_stands_still(self):
        # As long as a statement waits no longer than it may, this is latency and nothing else.
        self.fault("database frozen", ("freeze", "host=" + PRIMARY), lasts=5, allowed=NOTHING, sleepers={})

    def test_7_store_is_killed(self):
        self.fault("store killed", ("crash", "host=store.us-east-1"), lasts=5, restarts={"etcd"}, allowed=NOTHING,
                   sleepers={}, meanwhile=self.new_clients_are_served)

        self.changes_of_the_store_reach_everybody("killed")

    def test_8_store_stands_still(self):
        self.fault("store frozen", ("freeze", "host=store.us-east-1"), lasts=8, allowed=NOTHING, sleepers={},
                   meanwhile=self.new_clients_are_served)
        self.changes_of_the_store_reach_everybody("frozen")

    def changes_of_the_store_reach_everybody(self, why):
        """With nothing restarted, edges and origins watch again: who is new gets in, and who is revoked is put out."""
        user = "after_" + why
        password = json.loads(laboratory.wanlab("credential", "create", user, "--branch", "main", "--region", "us-east-1",
                                                "--json"))["password"]
        sessions = {}

        def the_new_user_gets_in_everywhere():
            for edge in set(laboratory.EDGES) - set(sessions):
                try:
                    sessions[edge] = laboratory.Session(laboratory.EDGES[edge], user, password=password)
                except laboratory.raw_client.ServerError as error:
                    self.assertEqual(error.code, 1045)
            return len(sessions) == len(laboratory.EDGES)

        laboratory.wait_for(the_new_user_gets_in_everywhere)
        laboratory.wanlab("credential", "revoke", user)
        for session in sessions.values():
            with self.assertRaises((laboratory.Failed, OSError)) as ended:
                while True:
                    session.query("SELECT 1")
            if isinstance(ended.exception, laboratory.Failed):
                self.assertEqual((ended.exception.code, ended.exception.state), (1927, "70100"))
            session.close()

    def new_clients_are_served(self):
        for edge in laboratory.EDGES:
            newcomer = load.Sleeper(edge)
            self.assertEqual(newcomer.ask("SELECT COUNT(*) FROM fixed"), "100")
            newcomer.close()

    def test_9_every_change_is_stored_as_often_as_its_client_was_told(self):
        ledger = self.ledger
        transactions = self.sysbench.stop()
        self.tearDownClass()
        print(f"\nsysbench: {transactions} transactions meanwhile")
        self.assertGreater(transactions, 0)
        self.assertEqual(ledger.complaints, [])
        server = laboratory.direct()
        self.assertEqual(server.values("SELECT COUNT(*) - COUNT(DISTINCT number) FROM changes"), ["0"],
                         "something was done twice: " +
                         str(server.values("SELECT number FROM changes GROUP BY number HAVING COUNT(*) > 1 LIMIT 20")))
        stored = {int(number) for number in server.values("SELECT number FROM changes")}
        server.close()
        by_outcome = {outcome: {number for number, what in ledger.changes.items() if what == outcome}
                      for outcome in ("ok", "unknown", "refused")}
        print(f"\n{len(ledger.changes)} changes: " + ", ".join(
            f"{len(numbers)} {outcome} ({len(numbers & stored)} stored)" for outcome, numbers in by_outcome.items()))
        self.assertGreater(len(by_outcome["ok"]), 100)
        self.assertTrue(by_outcome["unknown"] and by_outcome["refused"], "no fault met any statement")
        self.assertEqual(by_outcome["ok"] - stored, set(), "acknowledged and not stored")
        self.assertEqual(by_outcome["refused"] & stored, set(), "stored, though said not to be")
        self.assertEqual(stored - set(ledger.changes), set(), "nobody asked for")
        halves = [numbers for numbers in ledger.together if len(stored.intersection(numbers)) not in (0, len(numbers))]
        self.assertEqual(halves, [], "transactions stored in part")


if __name__ == "__main__":
    if not laboratory.inside():
        sys.exit(laboratory.run_inside(Path(__file__).resolve(), sys.argv[1]))
    unittest.main(verbosity=2)
