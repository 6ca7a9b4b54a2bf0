"""Uses the pages of sweeps, comparisons and plans as a reader would. Environment: WANLAB_BINARY."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from browser import Browser
from test_page import MISPLACED_TEXTS, ROOT


class StudyPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="wanlab-study-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)
        cls.make()

    @classmethod
    def wanlab(cls, *words):
        result = subprocess.run([os.environ["WANLAB_BINARY"], *words], capture_output=True, text=True, timeout=300, cwd=cls.folder)
        assert result.returncode in (0, 1), result.stderr
        return result.stdout

    def setUp(self):
        self.browser.errors.clear()
        self.browser.resize(1400)
        self.browser.color_scheme("light")

    def tearDown(self):
        self.assertEqual(self.browser.errors, [], "the page logged errors")

    def open(self, name):
        self.browser.open(Path(self.folder, name))

    def choose(self, where, value):
        self.browser.evaluate(f"(() => {{ const s = document.querySelector({json.dumps(where)}); s.value = {json.dumps(str(value))};"
                              " s.dispatchEvent(new Event('change')); })()")

    def check_at_every_width(self, name):
        self.assertLess(Path(self.folder, name).stat().st_size, 5_000_000)
        for width in (1400, 800, 400):
            for scheme in ("light", "dark"):
                with self.subTest(page=name, width=width, scheme=scheme):
                    self.browser.resize(width)
                    self.browser.color_scheme(scheme)
                    self.open(name)
                    self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                    self.assertEqual(self.browser.evaluate(MISPLACED_TEXTS), [])


class TheSweepPage(StudyPage):
    @classmethod
    def make(cls):
        cls.wanlab("sweep", ROOT / "scenarios/hello.json", "--vary", "clients.0.query.every=10ms..40ms/10ms",
                   "--vary", "edges.0.nodes=1,2,4", "--vary", "jitter=false,true", "--seeds", "3", "--out", "grid.sqlite", "-q")
        cls.wanlab("sweep", ROOT / "scenarios/hello.json", "--vary", "clients.0.query.every=10ms..80ms*2", "--seeds", "2",
                   "--set", "jitter=true", "--out", "line.sqlite", "-q")

    def test_has_everything_in_its_place_at_any_width_and_color(self):
        for name in ("grid.html", "line.html"):
            self.check_at_every_width(name)

    def test_shows_the_means_of_the_ledger(self):
        self.open("grid.html")
        metric = "query_latency_ms.p50"
        names = self.browser.evaluate("JSON.parse(document.getElementById('sweep-data').textContent).metrics.map(metric => metric.name)")
        self.choose("#metric", names.index(metric))
        shown = self.browser.evaluate("[...document.querySelectorAll('#point-table tbody tr')].map(row => +row.querySelector('data').value)")
        ledger = sqlite3.connect(Path(self.folder, "grid.sqlite"))
        means = [mean for (mean,) in ledger.execute(
            "SELECT avg(metrics.value) FROM runs JOIN metrics USING(run) WHERE metric = ? GROUP BY point ORDER BY point", (metric,))]
        self.assertEqual(len(shown), 24)
        for one, other in zip(shown, means):
            self.assertAlmostEqual(one, other, delta=abs(other) * 1e-5)

    def test_draws_a_curve_per_value_and_a_cell_per_pair(self):
        self.open("grid.html")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#heat g.cell').length"), 12)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#curves path.curve').length"), 3)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#fixed select').length"), 1)
        self.choose("#along", 2)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#heat g.cell').length"), 2 * self.browser.evaluate(
            "document.querySelectorAll('#curves path.curve').length"))

    def test_another_metric_draws_other_curves(self):
        self.open("grid.html")
        curves = "[...document.querySelectorAll('#curves path.curve')].map(path => path.getAttribute('d')).join()"
        before = self.browser.evaluate(curves)
        names = self.browser.evaluate("JSON.parse(document.getElementById('sweep-data').textContent).metrics.map(metric => metric.name)")
        self.choose("#metric", names.index("queries.answered"))
        self.assertNotEqual(self.browser.evaluate(curves), before)
        self.assertIn("queries.answered, less is worse", self.browser.evaluate("document.getElementById('meaning').textContent"))

    def test_tells_a_point_and_how_to_run_it(self):
        self.open("grid.html")
        self.browser.click("#heat g.cell rect")
        self.assertIn("--set", self.browser.evaluate("document.querySelector('#detail code').textContent"))
        self.browser.click("#point-table button")
        self.assertIn("clients.0.query.every = 10ms", self.browser.evaluate("document.querySelector('#detail h3').textContent"))

    def test_one_parameter_needs_no_heat_map(self):
        self.open("line.html")
        self.assertTrue(self.browser.evaluate("document.getElementById('heat-panel').hidden"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#curves circle').length"), 4)

    def test_names_every_control_for_a_screen_reader(self):
        self.open("grid.html")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('select, button')].filter(node => !node.textContent.trim()).length"), 0)
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('svg')].filter(node => !node.getAttribute('aria-label')).length"), 0)


class TheComparePage(StudyPage):
    @classmethod
    def make(cls):
        cls.wanlab("compare", ROOT / "scenarios/hello.json", "--set-b", "edges.0.site=us-east-1", "--seeds", "3",
                   "--set", "jitter=true", "--page", "worse.html", "-q")
        cls.wanlab("compare", ROOT / "scenarios/hello.json", ROOT / "scenarios/hello.json", "--seeds", "2", "--page", "same.html", "-q")

    def test_has_everything_in_its_place_at_any_width_and_color(self):
        for name in ("worse.html", "same.html"):
            self.check_at_every_width(name)

    def test_says_what_got_worse(self):
        self.open("worse.html")
        self.assertIn("worse than tolerated", self.browser.evaluate("document.getElementById('status').textContent"))
        self.assertIn("WORSE", self.browser.evaluate("document.getElementById('figure-table').textContent"))
        self.assertGreater(self.browser.evaluate("document.querySelectorAll('#forest circle').length"), 0)

    def test_tells_where_the_histories_part(self):
        self.open("worse.html")
        self.assertFalse(self.browser.evaluate("document.getElementById('history').hidden"))
        self.assertIn("edges", self.browser.evaluate("document.getElementById('plans').textContent"))

    def test_finds_figures_by_name(self):
        self.open("worse.html")
        self.choose("#which", "all")
        everything = self.browser.evaluate("document.querySelectorAll('#figure-table tbody tr').length")
        self.browser.evaluate("(() => { const s = document.getElementById('search'); s.value = 'connect latency'; s.dispatchEvent(new Event('input')); })()")
        found = self.browser.evaluate("document.querySelectorAll('#figure-table tbody tr').length")
        self.assertGreater(found, 0)
        self.assertLess(found, everything)

    def test_the_same_plan_is_identical(self):
        self.open("same.html")
        self.assertEqual(self.browser.evaluate("document.getElementById('status').textContent"), "identical")


class TheCapacityPage(StudyPage):
    @classmethod
    def make(cls):
        cls.wanlab("plan", ROOT / "scenarios/storms/edge-too-small.json", "--find", "edges,pool,breaking-point", "--out", ".", "-q")
        cls.wanlab("plan", ROOT / "scenarios/global-day.json", "--find", "pops", "--add", "3", "--out", ".", "-q")

    def test_has_everything_in_its_place_at_any_width_and_color(self):
        for name in ("edge-too-small/capacity.html", "global-day/capacity.html"):
            self.check_at_every_width(name)

    def test_says_the_answers_that_the_json_has(self):
        self.open("edge-too-small/capacity.html")
        text = self.browser.evaluate("document.body.textContent")
        answers = json.loads(Path(self.folder, "edge-too-small/capacity.json").read_text())["answers"]
        self.assertEqual(len(answers), 3)
        for answer in answers:
            self.assertIn(answer["headline"], text)


del StudyPage  # has no tests of its own

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
