"""The conversation of tests/drivers/README.md through a Python driver: PyMySQL or mysqlclient.

usage: dbapi.py pymysql|MySQLdb, with the WANLAB_* variables of the README in the environment.
"""
import hashlib
import importlib
import os
import ssl
import sys

driver = importlib.import_module(sys.argv[1])
table = "conversation_" + sys.argv[1].lower()


def say(step, *values):
    print(step + ":", *values, flush=True)


def connect(**more):
    ca = os.environ.get("WANLAB_CA")
    options = dict(
        host=os.environ["WANLAB_HOST"],
        port=int(os.environ["WANLAB_PORT"]),
        user=os.environ["WANLAB_USER"],
        password=os.environ["WANLAB_PASSWORD"],
        database=os.environ["WANLAB_DATABASE"],
        charset="utf8mb4",
    )
    if ca:
        options["ssl"] = {"ca": ca} if driver.__name__ == "MySQLdb" else {
            "ca": ca, "check_hostname": False, "verify_mode": ssl.CERT_REQUIRED}
    options.update(more)
    return driver.connect(**options)


def error_of(cursor, statement, *arguments):
    try:
        cursor.execute(statement, *arguments)
    except driver.MySQLError as error:
        return "%s %d %s" % (type(error).__name__, error.args[0], error.args[1])
    return "no error"


connection = connect()
cursor = connection.cursor()
cursor.execute("SELECT 1 + 1, 'gr\u00fc\u00df \U0001f600', NULL, 0x00ff, 1.50, CAST('2026-02-03 04:05:06' AS DATETIME)")
say("first row", cursor.fetchall())
say("columns", [column[:2] for column in cursor.description])

cursor.execute(f"DROP TABLE IF EXISTS {table}")
cursor.execute(f"""CREATE TABLE {table} (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), amount DECIMAL(10,2),
    ratio DOUBLE, body LONGBLOB, made DATETIME(3), UNIQUE KEY (name)) CHARACTER SET utf8mb4""")
every_byte = bytes(range(256))
cursor.execute(f"INSERT INTO {table} (name, amount, ratio, body, made) VALUES (%s, %s, %s, %s, %s)",
               ("\u00e9\U0001f680", "12.34", 0.25, every_byte, "2026-01-02 03:04:05.678"))
say("inserted", cursor.rowcount, cursor.lastrowid)
cursor.executemany(f"INSERT INTO {table} (name, amount) VALUES (%s, %s)",
                   [("row %d" % i, i) for i in range(100)])
say("many", cursor.rowcount)
connection.commit()
cursor.execute(f"SELECT * FROM {table} WHERE id = %s", (1,))
say("row", cursor.fetchone())
cursor.execute(f"UPDATE {table} SET amount = amount + 1 WHERE id > %s", (50,))
say("updated", cursor.rowcount)
connection.rollback()
cursor.execute(f"SELECT SUM(amount), COUNT(*), COUNT(body) FROM {table}")
say("after rollback", cursor.fetchone())
cursor.execute(f"INSERT INTO {table} (name) VALUES ('kept')")
connection.commit()
cursor.execute(f"SELECT COUNT(*) FROM {table}")
say("after commit", cursor.fetchone())

say("duplicate", error_of(cursor, f"INSERT INTO {table} (name) VALUES (%s)", ("kept",)))
say("syntax", error_of(cursor, "SELEC 1"))
say("no table", error_of(cursor, "SELECT * FROM nowhere_at_all"))
say("too long", error_of(cursor, f"INSERT INTO {table} (name) VALUES (%s)", ("x" * 101,)))
connection.rollback()

cursor.execute("SELECT CAST('abc' AS INT)")
say("cast", cursor.fetchall())
cursor.execute("SHOW WARNINGS")
say("warnings", cursor.fetchall())
cursor.execute(f"INSERT INTO {table} (name) VALUES ('for its id')")
cursor.execute("SELECT LAST_INSERT_ID() > 0, ROW_COUNT()")
say("last insert id", cursor.fetchone())
cursor.execute(f"SELECT SQL_CALC_FOUND_ROWS id FROM {table} ORDER BY id LIMIT 3")
say("limited", cursor.fetchall())
cursor.execute("SELECT FOUND_ROWS()")
say("found rows", cursor.fetchone())

cursor.execute("SET @x = 41")
cursor.execute("SELECT @x + 1")
say("user variable", cursor.fetchone())
cursor.execute("SET SESSION sql_mode = 'ANSI_QUOTES', time_zone = '+03:00'")
cursor.execute('SELECT "id" FROM ' + table + " LIMIT 1")
say("ansi quotes", cursor.fetchone())
cursor.execute("SELECT @@time_zone, @@autocommit")
say("settings", cursor.fetchone())
cursor.execute(f"CREATE TEMPORARY TABLE {table}_t (a INT)")
cursor.execute(f"INSERT INTO {table}_t VALUES (1), (2)")
cursor.execute(f"SELECT COUNT(*) FROM {table}_t")
say("temporary table", cursor.fetchone())
cursor.execute(f"DROP TEMPORARY TABLE {table}_t")
cursor.execute("SELECT GET_LOCK('conversation', 1), RELEASE_LOCK('conversation')")
say("lock", cursor.fetchone())

cursor.execute("PREPARE p FROM 'SELECT ? + 1'")
cursor.execute("SET @a = 6")
cursor.execute("EXECUTE p USING @a")
say("text prepared", cursor.fetchall())
cursor.execute("DEALLOCATE PREPARE p")

cursor.execute(f"SELECT a.id, REPEAT(MD5(a.id), 20) FROM {table} a, {table} b ORDER BY a.id, b.id LIMIT 5000")
digest = hashlib.sha256()
rows = 0
for row in cursor:
    rows += 1
    digest.update(repr(row).encode())
say("many rows", rows, digest.hexdigest()[:16])
cursor.execute("SELECT REPEAT('abcdefghij', 2000000)")
value = cursor.fetchone()[0]
say("large value", len(value), hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()[:16])
big = bytes(every_byte) * (70 * 1024)
cursor.execute(f"UPDATE {table} SET body = %s WHERE id = 1", (big,))
cursor.execute(f"SELECT LENGTH(body), MD5(body) FROM {table} WHERE id = 1")
say("large parameter", cursor.fetchone(), hashlib.md5(big).hexdigest())
connection.commit()

connection.ping()
say("thread", connection.thread_id() > 0)
cursor.execute("SELECT DATABASE(), CONNECTION_ID() > 0")
say("database", cursor.fetchone())
connection.select_db(os.environ["WANLAB_DATABASE"])
if driver.__name__ == "pymysql":
    several = connect(client_flag=driver.constants.CLIENT.MULTI_STATEMENTS)
    with several.cursor() as many:
        many.execute("SELECT 1; SELECT 2, 3; SET @y = 1; SELECT 'end'")
        results = [many.fetchall()]
        while many.nextset():
            results.append(many.fetchall())
        say("several statements", results)
        say("error in the middle", error_of(many, "SELECT 1; SELECT * FROM nowhere_at_all"))
        try:
            while many.nextset():
                pass
            say("later error", "none")
        except driver.MySQLError as error:
            say("later error", error.args[0])
    several.close()
cursor.execute(f"DROP TABLE {table}")
connection.close()
try:
    connect(password="wrong")
    say("wrong password", "let in")
except driver.MySQLError as error:
    say("wrong password", error.args[0])
say("end", "")
