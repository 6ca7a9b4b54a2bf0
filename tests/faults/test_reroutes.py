"""A client loops over a query on one connection; its next query goes where the Route and the paths of the moment
lead, and it never reconnects.

Run by ctest: test_reroutes.py PROGRAM [TESTS]. benchmarks/reroutes holds the figure to its aim.
"""
import sys
import unittest
from pathlib import Path

import laboratory
from rerouting import EAST, USER, WEST, Looper, measure, new_user, report, server_of_region


class Reroutes(unittest.TestCase):
    def setUp(self):
        self.loopers = []
        self.servers = {region: server_of_region(region) for region in (EAST, WEST)}

    def tearDown(self):
        laboratory.wanlab("fault", "heal", "all")
        for looper in self.loopers:
            looper.stop()
        if self.loopers:
            laboratory.wanlab("credential", "revoke", USER)

    def loop(self, password, edges=tuple(laboratory.EDGES)):
        self.loopers = [Looper(edge, password) for edge in edges for _ in range(3)]

    def all_go_to(self, **regions):
        """By edge."""
        def everybody_is_there():
            return all(looper.last() == self.servers[regions[looper.edge]] for looper in self.loopers)
        took = laboratory.wait_for(everybody_is_there)
        for looper in self.loopers:
            self.assertTrue(looper.is_alive())
        return took

    def test_commands_add_and_remove_regions(self):
        self.assertNotEqual(self.servers[EAST], self.servers[WEST])
        # Slow enough that statements are always under way to the region that is being removed.
        laboratory.begin("slow", "from=iad", "to=us-east-1", "add_delay=20ms")
        laboratory.begin("slow", "from=pdx", "to=us-west-2", "add_delay=20ms")
        self.loop(new_user(EAST))
        self.all_go_to(near=EAST, far=EAST)
        for _ in range(5):
            laboratory.wanlab("route", "add", USER, WEST)
            self.all_go_to(near=EAST, far=WEST)  # to what is near each
            laboratory.wanlab("route", "remove", USER, EAST)
            self.all_go_to(near=WEST, far=WEST)
            laboratory.wanlab("route", "add", USER, EAST)
            self.all_go_to(near=EAST, far=WEST)
            laboratory.wanlab("route", "remove", USER, WEST)
            self.all_go_to(near=EAST, far=EAST)

    def test_order_follows_the_paths(self):
        self.loop(new_user(EAST, WEST), ("near",))
        self.all_go_to(near=EAST)
        slow = laboratory.begin("slow", "from=iad", "to=us-east-1", "add_delay=150ms")
        print(f"\nslower path left after {self.all_go_to(near=WEST):.1f} s", flush=True)
        laboratory.heal(slow)
        cut = laboratory.begin("partition", "from=iad", "to=us-west-2", "--reset")
        print(f"broken path left after {self.all_go_to(near=EAST):.2f} s", flush=True)
        laboratory.heal(cut)
        laboratory.begin("partition", "from=iad", "to=us-east-1")
        print(f"silent path left after {self.all_go_to(near=WEST):.1f} s", flush=True)

    def test_next_query_goes_elsewhere_soon_after_the_write(self):
        total, beyond = measure(rounds=20)
        print("\n" + report("store write to answer of the first re-routed query, ms", total))
        print(report("of which neither path nor query under way account for, ms", beyond))
        self.assertEqual(len(total), 20 * 4)


if __name__ == "__main__":
    if not laboratory.inside():
        sys.exit(laboratory.run_inside(Path(__file__).resolve(), sys.argv[1]))
    unittest.main(verbosity=2)
