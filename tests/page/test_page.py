"""Runs scenarios and uses their pages as a reader would. Environment: WANLAB_BINARY."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from browser import Browser

ROOT = Path(__file__).resolve().parents[2]

# Texts of a drawing that lie upon each other, or outside of it.
MISPLACED_TEXTS = """(() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    if (frame.width === 0) continue;
    const texts = [...svg.querySelectorAll('text')].map(node => ({text: node.textContent, box: node.getBoundingClientRect()}))
      .filter(entry => entry.text.trim() !== '' && entry.box.width > 0);
    texts.forEach((one, i) => {
      if (one.box.left < frame.left - 1 || one.box.right > frame.right + 1 || one.box.top < frame.top - 2 || one.box.bottom > frame.bottom + 2)
        found.push('outside: ' + one.text);
      for (const other of texts.slice(i + 1)) {
        const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (wide > 1 && high > 3) found.push(one.text + ' upon ' + other.text);
      }
    });
  }
  return found;
})()"""

# Every drawing has something drawn in it.
EMPTY_PANELS = """[...document.querySelectorAll('#panels .panel, #curves .panel')].filter(panel =>
  !panel.querySelector('p') && !panel.querySelector('svg path[d], svg g rect, svg circle')).map(panel => panel.textContent)"""

FIGURES = """[...document.querySelectorAll('[data-metric]')].map(node =>
  [node.dataset.metric, node.getAttribute('value'), node.textContent])"""


def scenario_file(name):
    own = Path(__file__).parent / f"{name}.json"
    return own if own.exists() else ROOT / "scenarios" / f"{name}.json"


def at_path(tree, path):
    """The value under a dotted path whose steps may contain dots themselves."""
    if not path:
        return tree
    for key in tree if isinstance(tree, dict) else ():
        if path == key or path.startswith(key + "."):
            try:
                return at_path(tree[key], path[len(key) + 1:])
            except KeyError:
                pass
    raise KeyError(path)


class ThePage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="wanlab-page-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        self.browser.errors.clear()
        self.browser.resize(1400)
        self.browser.color_scheme("light")

    def tearDown(self):
        self.assertEqual(self.browser.errors, [], "the page logged errors")

    def run_scenario(self, name, *options):
        result = subprocess.run([os.environ["WANLAB_BINARY"], "run", scenario_file(name), "--out", self.folder,
                                 "--quiet", *options], capture_output=True, text=True, timeout=120)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return Path(self.folder, "latest").resolve()

    def open_page_of(self, name, *options):
        run = self.run_scenario(name, *options)
        self.browser.open(run / "report.html")
        return run

    def rows(self):
        return self.browser.evaluate("+document.getElementById('time').max + 1")

    def moment(self):
        return self.browser.evaluate("document.getElementById('moment').textContent")

    def test_has_everything_in_its_place_at_any_width_and_color(self):
        for name in ("failover", "failover/edge-crash", "hello", "security/wrong-password", "edge-vs-direct"):
            run = self.run_scenario(name)
            self.assertLess((run / "report.html").stat().st_size, 5_000_000)
            for width in (1400, 800, 400):
                for scheme in ("light", "dark"):
                    with self.subTest(scenario=name, width=width, scheme=scheme):
                        self.browser.resize(width)
                        self.browser.color_scheme(scheme)
                        self.browser.open(run / "report.html")
                        self.assertEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                        self.assertEqual(self.browser.evaluate(MISPLACED_TEXTS), [])
                        self.assertEqual(self.browser.evaluate(EMPTY_PANELS), [])
                        self.assertGreaterEqual(self.browser.evaluate("document.querySelectorAll('#panels .panel').length"), 10)

    def test_shows_the_figures_of_the_summary_and_no_others(self):
        run = self.open_page_of("failover")
        summary = json.loads((run / "summary.json").read_text())
        figures = self.browser.evaluate(FIGURES)
        self.assertGreater(len(figures), 40)
        for path, value, shown in figures:
            self.assertEqual(float(value), float(at_path(summary, path)), path)
            self.assertNotIn(shown, ("", "NaN", "undefined", "null"), path)
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('.got')].map(node => node.textContent)"),
                         [verdict["got"] for verdict in summary["expectations"]])
        self.assertEqual(self.browser.evaluate("document.getElementById('status').textContent"), summary["status"])
        self.assertEqual(self.browser.evaluate("document.getElementById('facts').textContent.includes('%s')" % summary["digest"]), True)

    def test_says_what_failed(self):
        run = self.open_page_of("failover", "--set", "expect.0.equals=51")
        self.assertEqual(self.browser.evaluate("document.getElementById('status').className"), "status failed")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('.no')].map(node => node.closest('tr').cells[1].textContent)"),
                         ["connections.established"])
        self.assertEqual(json.loads((run / "summary.json").read_text())["status"], "failed")

    def test_replays_with_a_slider_that_mouse_and_keyboard_move(self):
        self.open_page_of("failover")
        start = self.moment()
        self.browser.drag("#time", (0.33, 0.5), (0.9, 0.5))
        dragged = self.moment()
        self.assertNotEqual(dragged, start)
        self.assertGreater(self.browser.evaluate("+document.getElementById('time').value"), 0.8 * self.rows())
        self.assertEqual(self.browser.evaluate("document.getElementById('time').getAttribute('aria-valuetext')"), dragged)
        self.browser.key("ArrowLeft", 37)
        self.assertNotEqual(self.moment(), dragged)
        # Before the fault everything went to the near region; at the end nothing does.
        self.browser.evaluate("(() => { const s = document.getElementById('time'); s.value = s.max * 0.2; s.dispatchEvent(new Event('input')); })()")
        self.assertIn("none", self.browser.evaluate("document.getElementById('now').textContent"))
        self.browser.evaluate("(() => { const s = document.getElementById('time'); s.value = s.max * 0.6; s.dispatchEvent(new Event('input')); })()")
        self.assertIn("freeze", self.browser.evaluate("document.getElementById('now').textContent"))
        self.assertIn("us-east-1", self.browser.evaluate("document.getElementById('lately').textContent"))

    def test_plays_at_the_chosen_speed_and_stops(self):
        self.open_page_of("failover/edge-crash")
        self.browser.evaluate("(() => { const s = document.getElementById('time'); s.value = 0; s.dispatchEvent(new Event('input')); })()")
        self.browser.evaluate("document.getElementById('speed').value = '300'")
        start = self.moment()
        self.browser.click("#play")
        self.browser.wait_for("document.getElementById('moment').textContent !== %s" % json.dumps(start))
        self.browser.wait_for("document.getElementById('time').value === document.getElementById('time').max")
        self.browser.wait_for("document.getElementById('play').getAttribute('aria-pressed') === 'false'")

    def test_zooms_all_timelines_together(self):
        self.open_page_of("failover")
        axes = "[...document.querySelectorAll('#panels svg')].map(svg => [...svg.querySelectorAll('.axis')][0].textContent)"
        whole = self.browser.evaluate(axes)
        self.browser.drag("#panels .panel svg", (0.3, 0.5), (0.5, 0.5))
        self.assertNotEqual(self.browser.evaluate("document.getElementById('zoom-range').textContent"), "")
        zoomed = self.browser.evaluate(axes)
        self.assertEqual(len(set(zoomed)), 1)
        self.assertNotEqual(zoomed, whole)
        self.browser.click("#zoom-right")
        self.assertNotEqual(self.browser.evaluate(axes), zoomed)
        self.browser.click("#zoom-all")
        self.assertEqual(self.browser.evaluate(axes), whole)
        before = self.moment()
        self.browser.click("#panels .panel svg", at=(0.8, 0.5))
        self.assertNotEqual(self.moment(), before)

    def test_marks_faults_on_every_timeline(self):
        self.open_page_of("failover")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#panels svg')].filter(svg => !svg.querySelector('rect.fault')).length"), 0)

    def test_tells_the_steps_of_a_connection(self):
        self.open_page_of("hello")
        steps = self.browser.evaluate("[...document.querySelectorAll('#waterfall g.step text:first-child')].map(node => node.textContent)")
        self.assertEqual(steps, ["DNS", "TCP", "Greeting", "TLS", "Proof, at the origin", "OK to the client", "First statement"])

    def test_lets_one_choose_among_kept_connections(self):
        self.open_page_of("security/wrong-password")
        self.assertIn("failed", self.browser.evaluate("[...document.getElementById('sample-kind').options].map(option => option.value)"))
        self.browser.evaluate("(() => { const s = document.getElementById('sample-kind'); s.value = 'failed'; s.dispatchEvent(new Event('change')); })()")
        self.assertIn("Access denied", self.browser.evaluate("document.getElementById('waterfall').textContent"))
        self.open_page_of("failover")
        before = self.browser.evaluate("document.querySelector('#waterfall h3').textContent")
        self.browser.click("#sample-list tbody tr:nth-child(3) button")
        self.assertNotEqual(self.browser.evaluate("document.querySelector('#waterfall h3').textContent"), before)

    def test_sorts_tables_at_a_click(self):
        self.open_page_of("edge-vs-direct")
        head = "#table-list .scroll:nth-child(3) thead th:nth-child(6)"
        column = "[...document.querySelectorAll('#table-list .scroll:nth-child(3) tbody tr')].map(row => +row.cells[5].querySelector('data').value)"
        self.browser.click(head + " button")
        down = self.browser.evaluate(column)
        self.assertGreater(len(down), 1)
        self.assertEqual(down, sorted(down, reverse=True))
        self.browser.click(head + " button")
        self.assertEqual(self.browser.evaluate(column), sorted(down))
        self.assertEqual(self.browser.evaluate(f"document.querySelector('{head}').getAttribute('aria-sort')"), "ascending")

    def test_zooms_the_map(self):
        self.open_page_of("failover")
        transform = "document.querySelector('#map-figure svg > g > g').getAttribute('transform')"
        self.browser.click("#map-in")
        self.assertIn("scale(1.6)", self.browser.evaluate(transform))
        self.assertEqual(self.browser.evaluate(MISPLACED_TEXTS), [])
        self.browser.click("#map-all")
        self.assertIn("scale(1)", self.browser.evaluate(transform))

    def test_names_every_control_and_drawing_for_a_screen_reader(self):
        self.open_page_of("failover")
        unnamed = """[...document.querySelectorAll('button, select, input, svg')].filter(node => node.getBoundingClientRect().width > 0 &&
            !(node.getAttribute('aria-label') || node.textContent.trim() || node.closest('label'))).map(node => node.outerHTML.slice(0, 80))"""
        self.assertEqual(self.browser.evaluate(unnamed), [])
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('h1').length"), 1)
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('section')].filter(part => !document.getElementById(part.getAttribute('aria-labelledby'))).length"), 0)

    def test_reaches_every_control_by_keyboard(self):
        self.open_page_of("hello")
        seen = set()
        for _ in range(60):
            self.browser.key("Tab", 9)
            seen.add(self.browser.evaluate("document.activeElement.id || document.activeElement.tagName"))
        self.assertLessEqual({"play", "speed", "time", "show-clients", "map-in", "zoom-in", "zoom-all", "sample-kind"}, seen)

    def test_is_readable_on_paper(self):
        run = self.open_page_of("failover")
        self.browser.paper(run / "page.pdf")
        self.assertGreater((run / "page.pdf").stat().st_size, 30_000)
        self.browser.call("Emulation.setEmulatedMedia", media="print")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.querySelector('nav')).display"), "none")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX"), "visible")

    def test_an_interrupted_or_empty_run_still_has_a_page(self):
        self.open_page_of("hello", "--set", "duration=10ms")
        self.assertEqual(self.browser.evaluate("document.querySelector('h1').textContent"), "hello")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
