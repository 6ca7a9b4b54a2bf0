"""The house as it stands keeps its own rules, and the rules can be broken. Run by ctest; reads the source
tree it lies in. Environment: WANLAB_BINARY, if set, is asked which commands it has."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

import house_rules as house

ROOT = Path(__file__).resolve().parents[2]
ROOMS = house.rooms_in_order((ROOT / "CMakeLists.txt").read_text())
SOURCES = sorted(path for folder in ("real_components", "sim", "analysis", "tests", "benchmarks")
                 for path in (ROOT / folder).rglob("*") if path.suffix in (".hpp", ".cpp", ".h", ".cc"))


class TheTree(unittest.TestCase):
    def test_keeps_the_include_rule_and_the_determinism_rule(self):
        self.assertGreater(len(SOURCES), 50)
        breaches = [breach for path in SOURCES
                    for breach in house.judge(path.relative_to(ROOT).as_posix(), path.read_text(), ROOMS,
                                              lambda header: (ROOT / header).is_file())]
        self.assertEqual(breaches, [], "\n" + "\n".join(breaches))

    def test_has_one_target_per_room_named_after_its_path(self):
        for room in ROOMS:
            lists = ROOT / room / "CMakeLists.txt"
            if not any((ROOT / room).glob("*.cpp")):
                continue
            name = "wanlab" if room == "sim/app" else room.replace("/", "_")
            self.assertRegex(lists.read_text(), rf"(wanlab_library|add_executable|add_library)\(\s*{name}\b")

    def test_has_every_library_folder_in_the_list_of_rooms(self):
        listed = {(ROOT / room).resolve() for room in ROOMS}
        for lists in sorted(ROOT.glob("real_components/*/CMakeLists.txt")) + sorted(ROOT.glob("sim/*/CMakeLists.txt")):
            self.assertIn(lists.parent.resolve(), listed, f"{lists} is built by nobody")


class TheRule(unittest.TestCase):
    """Each sentence of the rule refuses a text that breaks it."""

    def judge(self, path, text):
        return house.judge(path, text, ROOMS, lambda header: True)

    def assertRefused(self, path, text, because):
        breaches = self.judge(path, text)
        self.assertEqual(len(breaches), 1, f"{path}: {text!r} gave {breaches}")
        self.assertIn(because, breaches[0])

    def assertAccepted(self, path, text):
        self.assertEqual(self.judge(path, text), [])

    def test_keeps_the_simulation_out_of_the_components(self):
        self.assertRefused("real_components/edge/a.hpp", '#include "sim/kernel/event.hpp"\n', "may not include")
        self.assertRefused("real_components/edge/a.hpp", '#include "analysis/metrics.hpp"\n', "may not include")
        self.assertAccepted("real_components/edge/a.hpp", '#include "real_components/mesh/prober.hpp"\n')

    def test_lets_a_room_use_only_the_rooms_before_it(self):
        self.assertRefused("sim/kernel/a.cpp", '#include "sim/world/host.hpp"\n', "may not include")
        self.assertRefused("real_components/mysql/a.cpp", '#include "real_components/edge/edge_node.hpp"\n',
                           "may not include")
        self.assertRefused("sim/world/a.cpp", '#include "analysis/summary.hpp"\n', "may not include")
        self.assertAccepted("sim/world/a.cpp", '#include "sim/kernel/event.hpp"\n')
        self.assertAccepted("sim/app/a.cpp", '#include "analysis/summary.hpp"\n')

    def test_shows_the_analysis_runs_and_never_a_live_world(self):
        self.assertRefused("analysis/a.cpp", '#include "sim/world/host.hpp"\n', "may not include")
        self.assertRefused("analysis/a.cpp", '#include "real_components/edge/edge_node.hpp"\n', "may not include")
        self.assertAccepted("analysis/a.cpp", '#include "sim/trace/recorder.hpp"\n')

    def test_wants_paths_from_the_root(self):
        self.assertRefused("sim/kernel/a.cpp", '#include "event.hpp"\n', "written from the root")
        self.assertRefused("sim/kernel/a.cpp", '#include "../base/hash.hpp"\n', "written from the root")

    def test_notices_a_header_that_is_not_there(self):
        breaches = house.judge("sim/world/a.cpp", '#include "sim/kernel/gone.hpp"\n', ROOMS, lambda header: False)
        self.assertEqual(len(breaches), 1)

    def test_lets_each_library_in_by_one_door(self):
        for path, header in [("sim/world/a.cpp", "boost/graph/adjacency_list.hpp"),
                             ("real_components/mysql/a.cpp", "openssl/sha.h"),
                             ("real_components/control/a.cpp", "google/protobuf/message.h"),
                             ("sim/scenario/plan.cpp", "nlohmann/json.hpp"),
                             ("analysis/a.cpp", "CLI/CLI.hpp"),
                             ("sim/world/a.cpp", "Eigen/Dense"),
                             ("sim/world/a.cpp", "gtest/gtest.h")]:
            self.assertRefused(path, f"#include <{header}>\n", "door")
        self.assertRefused("real_components/control/a.cpp", '#include "real_components/wire/topo.pb.h"\n', "door")
        self.assertRefused("real_components/control/a.cpp", "#include <grpcpp/channel.h>\n", "door")
        self.assertRefused("real_components/hosting/a.cpp", '#include "real_components/hosting/etcd/etcd.pb.h"\n', "door")
        self.assertAccepted("sim/scenario/plan_json.cpp", "#include <nlohmann/json.hpp>\n")
        self.assertAccepted("sim/network/a.cpp", "#include <boost/graph/graphml.hpp>\n")

    def test_keeps_foreign_chance_clocks_and_digits_out_of_what_is_simulated(self):
        for code, because in [("std::random_device d;", "chance"),
                              ("std::mt19937_64 g;", "chance"),
                              ("std::uniform_int_distribution<int> d;", "chance"),
                              ("auto t = std::chrono::system_clock::now();", "clock"),
                              ("double y = std::log(x);", "libm"),
                              ("double y = exp(-x);", "libm"),
                              ("double y = ::powf(x, 2);", "libm"),
                              ("std::thread worker(f);", "thread"),
                              ('auto* home = std::getenv("HOME");', "environment"),
                              ("std::unordered_map<int, int> m; for (auto& x : m) f(x);", "hash order")]:
            for room in ("real_components/edge", "sim/kernel", "sim/network", "sim/world"):
                self.assertRefused(f"{room}/a.cpp", code + "\n", because)
        self.assertAccepted("analysis/a.cpp", "double y = std::log(x);\n")
        self.assertAccepted("real_components/edge/a.cpp", "double y = std::sqrt(x); log_.exp(x); my_log(x);\n")

    def test_is_not_confused_by_comments_and_strings(self):
        self.assertAccepted("sim/kernel/a.cpp", '// #include "sim/world/host.hpp"\n// std::log(x)\n'
                            'const char* text = "std::random_device"; /* rand() */ int n = 1\'000\'000;\n')
        self.assertRefused("sim/kernel/a.cpp", "int n = 1'000; double y = std::log(x); int m = 2'000;\n", "libm")


class TheDocuments(unittest.TestCase):
    LAUNCHER_COMMANDS = {"help", "test", "bench", "build", "up", "fault", "route", "credential"}

    @staticmethod
    def documents():
        return sorted(ROOT.glob("*.md"))

    def commands(self):
        """(document, words) of every ./wanlab line in the documents."""
        for document in self.documents():
            for line in document.read_text().splitlines():
                match = re.search(r"(?:^|[\s`$(])\./wanlab((?: +[^\s`#)]+)*)", line)
                if match and match.group(1).split():
                    yield document.name, match.group(1).split()

    def program_help(self, *words):
        binary = os.environ.get("WANLAB_BINARY")
        if not binary:
            self.skipTest("this build has no wanlab program")
        return subprocess.run([binary, *words, "--help"], capture_output=True, text=True, timeout=60).stdout

    def test_name_commands_and_options_that_exist(self):
        seen = set()
        for document, words in self.commands():
            command, options = words[0], [word for word in words[1:] if re.match("--[a-z]", word)]
            seen.add(command)
            if not re.fullmatch(r"[a-z][a-z-]*", command):
                continue  # COMMAND and the like: not a name but what stands for any
            if command in self.LAUNCHER_COMMANDS:
                known = (ROOT / "wanlab").read_text() + "".join(
                    source.read_text() for source in (ROOT / "sim/app/lab").glob("*_command.cpp"))
            else:
                self.assertRegex(self.program_help(), rf"(?m)^\s+{re.escape(command)}\b",
                                 f"{document}: no command '{command}'")
                known = self.program_help(command)
            for option in options:
                self.assertIn(option.split("=")[0], known, f"{document}: './wanlab {' '.join(words)}'")
        self.assertLessEqual({"run", "test"}, seen)

    def test_name_scenarios_and_topologies_that_exist(self):
        for document in self.documents():
            for name in re.findall(r"(?:scenarios|topologies)/[\w./-]+\.(?:json|jsonc)", document.read_text()):
                self.assertTrue((ROOT / name).is_file(), f"{document.name} names {name}")

    def test_name_folders_that_exist(self):
        for document in self.documents():
            for name in re.findall(r"`((?:real_components|sim|tests|analysis)/[\w/.]*)`", document.read_text()):
                self.assertTrue((ROOT / name).exists(), f"{document.name} names {name}")


class TheLauncher(unittest.TestCase):
    def launch(self, *words, cwd=ROOT):
        return subprocess.run([ROOT / "wanlab", *words], capture_output=True, text=True, timeout=60, cwd=cwd)

    def test_explains_itself_from_anywhere_without_building(self):
        shown = self.launch("help", cwd="/")
        self.assertEqual(shown.returncode, 0)
        self.assertIn("./wanlab test", shown.stdout)
        self.assertEqual(shown.stderr, "")

    def test_lists_packages_in_sections_without_repeats(self):
        text = (ROOT / "packages.txt").read_text()
        self.assertEqual(re.findall(r"(?m)^\[(\w+)\]$", text), ["run", "up", "mpi", "test"])
        names = [line for line in text.splitlines() if line and line[0] not in "#["]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+( unless [a-z0-9-]+)?", name) for name in names), names)


class TheComponents(unittest.TestCase):
    """Slow: builds. Environment: WANLAB_COMPONENTS_BUILD, a folder that survives between runs."""

    def test_build_alone(self):
        folder = os.environ.get("WANLAB_COMPONENTS_BUILD")
        if not folder:
            self.skipTest("WANLAB_COMPONENTS_BUILD is not set")
        configured = subprocess.run(
            ["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DWANLAB_ONLY_COMPONENTS=ON",
             "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O0"], capture_output=True, text=True)
        self.assertEqual(configured.returncode, 0, configured.stdout + configured.stderr)
        # Asio is the production host's; the graph library is the simulator's.
        self.assertNotIn("boost_graph", configured.stdout.lower())
        built = subprocess.run(["cmake", "--build", folder], capture_output=True, text=True)
        self.assertEqual(built.returncode, 0, built.stdout[-5000:])
        compiled = (Path(folder) / "compile_commands.json").read_text()
        self.assertIn("/real_components/", compiled)
        self.assertNotIn(f'"file": "{ROOT}/sim/', compiled)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
