"""Real drivers, each directly against MariaDB and through an edge: the transcripts must be the same.

Run by ctest: test_drivers.py PROGRAM FOLDER, with PROGRAM the built wanlab-lab and FOLDER one to keep npm's
packages in. Starts a laboratory, and runs itself again inside of it.
"""
import contextlib
import difflib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONVERSATIONS = HERE / "conversations"
DIRECT = {"WANLAB_" + name: os.environ.get("WANLAB_DIRECT_" + name, "") for name in ("HOST", "PORT", "USER", "PASSWORD")}


def python_with(module):
    """Debian's python3 has Debian's drivers; another python3 may stand before it in PATH."""
    for candidate in ("/usr/bin/python3", shutil.which("python3"), sys.executable):
        if candidate and subprocess.run([candidate, "-c", "import " + module], capture_output=True).returncode == 0:
            return candidate
    raise unittest.SkipTest("no python3 can import " + module)


def converse(words, environment):
    """What a conversation prints, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(words, cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240)
    return done.stdout.decode(errors="replace").splitlines()


class Conversations(unittest.TestCase):
    def same_both_ways(self, *words):
        direct = converse(words, {**DIRECT, "WANLAB_CA": ""})
        self.assertTrue(direct and direct[-1].startswith("end"), "the direct conversation broke:\n" + "\n".join(direct[-20:]))
        through = converse(words, {})
        differences = list(difflib.unified_diff(direct, through, "direct", "through the edge", lineterm="", n=1))
        self.assertFalse(differences, "\n" + "\n".join(line[:300] for line in differences[:60]))

    def test_mariadb_command_line(self):
        self.same_both_ways("bash", str(CONVERSATIONS / "command_line.sh"))

    def test_sysbench(self):
        self.same_both_ways("bash", str(CONVERSATIONS / "sysbench.sh"))

    def test_pymysql(self):
        self.same_both_ways(python_with("pymysql"), str(CONVERSATIONS / "dbapi.py"), "pymysql")

    def test_mysqlclient_for_python(self):
        self.same_both_ways(python_with("MySQLdb"), str(CONVERSATIONS / "dbapi.py"), "MySQLdb")

    def test_php_mysqlnd(self):
        self.same_both_ways("php", str(CONVERSATIONS / "php.php"))

    def test_npm_mysql2(self):
        self.same_both_ways("node", str(CONVERSATIONS / "node.js"), "mysql2")

    def test_npm_mariadb(self):
        self.same_both_ways("node", str(CONVERSATIONS / "node.js"), "mariadb")

    def test_npm_mysql(self):
        self.same_both_ways("node", str(CONVERSATIONS / "node.js"), "mysql")


@contextlib.contextmanager
def twin():
    """Another MariaDB, set up as the laboratory's: two that are asked the same must not share their data."""
    with tempfile.TemporaryDirectory() as folder:
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", "--skip-test-db",
                        "--auth-root-authentication-method=socket", "--innodb-log-file-size=16M", f"--user={user}"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Path(folder, "first.sql").write_text(
            f"CREATE DATABASE IF NOT EXISTS `{os.environ['WANLAB_DATABASE']}`;\n"
            f"CREATE OR REPLACE USER '{DIRECT['WANLAB_USER']}'@'%' IDENTIFIED BY '{DIRECT['WANLAB_PASSWORD']}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{DIRECT['WANLAB_USER']}'@'%';\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--user={user}", f"--datadir={folder}/data", f"--socket={folder}/s",
             f"--pid-file={folder}/pid", "--bind-address=127.0.0.1", f"--port={port}", f"--init-file={folder}/first.sql",
             "--log-bin=binlog", "--gtid-strict-mode=ON", "--skip-name-resolve", "--character-set-server=utf8mb4",
             "--max-connections=500", "--max-allowed-packet=1G", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
             "--innodb-flush-log-at-trx-commit=2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as greeting:
                    if greeting.recv(5):
                        break
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()
            server.wait()


class Differential(unittest.TestCase):
    def test_every_packet_is_the_same(self):
        with twin() as port:
            done = subprocess.run([sys.executable, str(HERE / "differential" / "compare.py")], text=True, timeout=600,
                                  env={**os.environ, "WANLAB_DIRECT_PORT": str(port), "PYTHONDONTWRITEBYTECODE": "1"},
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(done.stdout[-400:])
        self.assertEqual(done.returncode, 0, done.stdout[:20000])


def install_npm_packages(folder):
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package.json").read_bytes()
    if (folder / "package.json").exists() and (folder / "package.json").read_bytes() == wanted and (folder / "node_modules").exists():
        return
    (folder / "package.json").write_bytes(wanted)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], cwd=folder, check=True)


if __name__ == "__main__":
    if "WANLAB_PORT" not in os.environ:
        program, folder = sys.argv[1], Path(sys.argv[2])
        install_npm_packages(folder / "npm")
        with tempfile.TemporaryDirectory() as lab:
            inside = subprocess.run([program, "up", "--quiet", "--folder", lab + "/lab", "--exec",
                                     f"exec '{sys.executable}' '{__file__}'"],
                                    env={**os.environ, "NODE_PATH": str(folder / "npm" / "node_modules")})
        sys.exit(inside.returncode)
    unittest.main(verbosity=2)
