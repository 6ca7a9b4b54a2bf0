"""What both servers are asked, in this order, on one connection each. A tuple is a prepared statement with
its parameters; what begins with "--" is a word for the comparison (see compare.py)."""

TABLE = """CREATE TABLE d_all (id INT PRIMARY KEY AUTO_INCREMENT, i1 TINYINT, i2 SMALLINT UNSIGNED, i3 MEDIUMINT, i8 BIGINT UNSIGNED,
 f FLOAT, d DOUBLE, n DECIMAL(20,6), c CHAR(5), v VARCHAR(50), t TEXT, b BLOB, bi BINARY(4), y YEAR, da DATE, ti TIME(6),
 dt DATETIME(6), ts TIMESTAMP NULL, e ENUM('red','green'), s SET('a','b','c'), bt BIT(9), j JSON) CHARACTER SET utf8mb4"""

LITERALS = """1|-1|9223372036854775807|18446744073709551615|-9223372036854775808|1.5|1e10|1e-10|-0.0|0x4142|x'00ff'|b'1010'
'text'|''|'it''s'|"double"|'back\\\\slash'|'gr\u00fc\u00df'|'\U0001f600'|_latin1 x'e9'|_binary 'x'|NULL|TRUE|FALSE
DATE'2026-02-28'|TIME'12:34:56.789'|TIMESTAMP'2026-02-28 12:34:56'|1/3|1/0|7 DIV 2|7 MOD 2|'5' + 1|'abc' + 1|NULL + 1|1 = '1'
CAST(1.55 AS DECIMAL(5,1))|CAST('2026-01-01' AS DATE)|CAST(300 AS CHAR)|CAST(-1 AS UNSIGNED)|CONVERT('x' USING latin1)
CONCAT('a', NULL)|CONCAT_WS(',', 'a', NULL, 'b')|UPPER('\u00e9')|LENGTH('\u00e9')|CHAR_LENGTH('\u00e9')|HEX('\U0001f600')|REPEAT('ab', 300)
SUBSTRING('abcdef', 2, 3)|REVERSE('abc')|LPAD('5', 3, '0')|TRIM('  x ')|REPLACE('aaa', 'a', 'bb')|LOCATE('c', 'abc')|FORMAT(12345.678, 2)
ROUND(2.5)|FLOOR(-1.5)|CEIL(1.2)|ABS(-3)|POW(2, 10)|SQRT(2)|PI()|MOD(-7, 3)|SIGN(-2)|TRUNCATE(1.999, 2)|GREATEST(1, 5, 3)|LEAST('b', 'a')
COALESCE(NULL, 2)|IFNULL(NULL, 'x')|NULLIF(1, 1)|IF(1 > 2, 'a', 'b')|CASE 3 WHEN 3 THEN 'three' END|1 IN (1, 2)|2 BETWEEN 1 AND 3|'abc' LIKE 'a%'
'abc' REGEXP '^a'|INTERVAL(23, 1, 15, 17)|MD5('a')|SHA1('a')|SHA2('a', 256)|CRC32('a')|TO_BASE64('abc')|FROM_BASE64('YWJj')|HEX(255)|UNHEX('4d')|CONV('a', 16, 2)
DATE_ADD('2026-01-31', INTERVAL 1 MONTH)|DATEDIFF('2026-03-01', '2026-02-01')|DATE_FORMAT('2026-02-03', '%W %M %Y')|STR_TO_DATE('03,02,2026', '%d,%m,%Y')
YEARWEEK('2026-01-01')|LAST_DAY('2026-02-01')|MAKEDATE(2026, 60)|SEC_TO_TIME(3661)|TIME_TO_SEC('01:01:01')|FROM_UNIXTIME(0)|UNIX_TIMESTAMP('1970-01-02')
INET_ATON('10.0.0.1')|INET6_NTOA(INET6_ATON('::1'))|BIT_COUNT(255)|5 & 3|5 | 3|5 ^ 3|1 << 40|~0|JSON_EXTRACT('{"a": [1, 2]}', '$.a[1]')|JSON_OBJECT('k', 1)
JSON_ARRAY(1, 'x', NULL)|CHARSET('a')|COLLATION('a')|COERCIBILITY('a')|DATABASE()|SCHEMA()|@@autocommit|@@sql_mode|@@session.time_zone
@@character_set_client|@@collation_connection|@@tx_isolation|@@max_allowed_packet > 0|@nothing|CURRENT_ROLE()""".replace("\n", "|")

SELECTS = ["SELECT " + piece for piece in LITERALS.replace("5 | 3", "5 OR 3").split("|")]

STATEMENTS = [
    "DROP TABLE IF EXISTS d_all, d_other, d_child",
    TABLE,
    "INSERT INTO d_all (i1, v) VALUES (1, 'one')",
    "INSERT INTO d_all (i1, v) VALUES (2, 'two'), (3, 'three')",
    "INSERT INTO d_all VALUES (NULL, -128, 65535, -8388608, 18446744073709551615, 1.5, -2.5e300, 12345678901234.123456, 'ab', 'v\u00e9', 'text', x'00ff10', 'b', 2026, '2026-02-03', '-838:59:59.000000', '2026-02-03 04:05:06.123456', '2026-02-03 04:05:06', 'green', 'a,c', b'101010101', '{\"k\": [1, null]}')",
    "SELECT * FROM d_all",
    "SELECT * FROM d_all WHERE id = 99",
    "SELECT id, v AS name, i1 + 1 AS next FROM d_all AS x ORDER BY id DESC LIMIT 2",
    "SELECT COUNT(*), SUM(i1), AVG(i1), MIN(v), MAX(d), GROUP_CONCAT(v ORDER BY id) FROM d_all",
    "SELECT i1, COUNT(*) FROM d_all GROUP BY i1 WITH ROLLUP",
    "UPDATE d_all SET v = 'changed' WHERE id = 1",
    "UPDATE d_all SET v = 'changed' WHERE id = 1",
    "UPDATE d_all SET i1 = 5 WHERE id IN (1, 2, 3)",
    "DELETE FROM d_all WHERE id = 99",
    "REPLACE INTO d_all (id, v) VALUES (2, 'replaced')",
    "INSERT INTO d_all (id, v) VALUES (2, 'x') ON DUPLICATE KEY UPDATE v = 'updated'",
    "INSERT IGNORE INTO d_all (id, v) VALUES (2, 'ignored')",
    "SHOW WARNINGS",
    "SHOW COUNT(*) WARNINGS",
    "SELECT @@warning_count, @@error_count",
    "INSERT INTO d_all (v) VALUES ('for its id')",
    "SELECT LAST_INSERT_ID()",
    "SELECT ROW_COUNT()",
    "INSERT INTO d_all (v) SELECT v FROM d_all LIMIT 2",
    "SELECT LAST_INSERT_ID(), ROW_COUNT()",
    "SELECT LAST_INSERT_ID(77)",
    "SELECT LAST_INSERT_ID()",
    "SELECT SQL_CALC_FOUND_ROWS id FROM d_all ORDER BY id LIMIT 1",
    "SELECT FOUND_ROWS()",
    "SELECT CAST('abc' AS INT), CAST('1x' AS INT)",
    "SHOW WARNINGS",
    "SHOW WARNINGS LIMIT 1",
    "SHOW ERRORS",
    "SELECT 1/0",
    "SHOW WARNINGS",
    # Errors, and that nothing breaks after them.
    "SELEC 1", "SELECT", "", "   ", ";", "-- only a comment", "/* only a comment */",
    "SELECT * FROM no_such_table", "SELECT no_such_column FROM d_all", "SELECT NO_SUCH_FUNCTION(1)",
    "INSERT INTO d_all (id) VALUES (1)", "INSERT INTO d_all (v) VALUES (REPEAT('x', 60))", "INSERT INTO d_all (i1) VALUES (1000)",
    "INSERT INTO d_all (da) VALUES ('2026-02-30')", "INSERT INTO d_all (e) VALUES ('blue')", "INSERT INTO d_all (no_such) VALUES (1)",
    "CREATE TABLE d_all (a INT)", "DROP TABLE no_such_table", "USE no_such_database", "SELECT * FROM no_such_database.t",
    "SELECT 1 UNION SELECT 1, 2", "SELECT (SELECT 1 UNION SELECT 2)", "SET no_such_variable = 1", "SET autocommit = 7", "SET time_zone = 'Mars'",
    "KILL 999999999", "EXECUTE no_such_statement", "ROLLBACK TO SAVEPOINT no_such", "CALL no_such_procedure()",
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'own', MYSQL_ERRNO = 5000", "SHOW WARNINGS",
    "SELECT 'still here'",
    # Transactions and their flags.
    "BEGIN", "SELECT 1", "INSERT INTO d_all (v) VALUES ('in')", "SAVEPOINT a", "DELETE FROM d_all WHERE v = 'in'", "ROLLBACK TO SAVEPOINT a",
    "RELEASE SAVEPOINT a", "SELECT COUNT(*) FROM d_all WHERE v = 'in'", "ROLLBACK", "SELECT COUNT(*) FROM d_all WHERE v = 'in'",
    "START TRANSACTION READ ONLY", "INSERT INTO d_all (v) VALUES ('no')", "SELECT 1", "COMMIT",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT", "COMMIT AND CHAIN", "SELECT 1", "COMMIT", "BEGIN", "CREATE TABLE d_other (a INT)", "SELECT 1",
    "SET autocommit = 0", "SELECT 1", "INSERT INTO d_other VALUES (1)", "SELECT @@autocommit", "ROLLBACK", "SELECT COUNT(*) FROM d_other",
    "INSERT INTO d_other VALUES (2)", "COMMIT", "SET autocommit = 1", "SELECT COUNT(*) FROM d_other",
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN", "SELECT 1", "COMMIT",
    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT @@tx_isolation", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    # Settings, variables, temporary tables, locks.
    "SET @a = 1, @b = 'two'", "SELECT @a, @b", "SELECT @a := @a + 1", "SELECT @a",
    "SET NAMES latin1", "SELECT 'plain', @@character_set_client, @@collation_connection", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
    "SELECT @@collation_connection", "SET NAMES utf8mb4", "SET CHARACTER SET utf8mb4", "SET character_set_results = NULL", "SELECT 'x'", "SET NAMES utf8mb4",
    "SET SESSION sql_mode = 'ANSI_QUOTES'", 'SELECT "id" FROM d_all LIMIT 1', "SET SESSION sql_mode = DEFAULT", "SELECT @@sql_mode",
    "SET time_zone = '+05:00'", "SELECT @@time_zone, FROM_UNIXTIME(0)", "SET @@session.time_zone = 'SYSTEM'", "SET foreign_key_checks = 0, unique_checks = 0",
    "SELECT @@foreign_key_checks, @@unique_checks", "SET foreign_key_checks = 1, unique_checks = 1", "SET sql_safe_updates = 1", "UPDATE d_all SET v = 'all'",
    "SET sql_safe_updates = 0", "SET sql_select_limit = 1", "SELECT id FROM d_all", "SET sql_select_limit = DEFAULT", "SELECT COUNT(*) FROM d_all",
    "SET group_concat_max_len = 4", "SELECT GROUP_CONCAT(v) FROM d_all", "SET group_concat_max_len = DEFAULT", "SET SESSION wait_timeout = 1000", "SELECT @@wait_timeout",
    "SET wait_timeout = DEFAULT", "SET max_statement_time = 0.05", "SELECT SLEEP(1)", "SET max_statement_time = 0", "SET STATEMENT max_statement_time = 5 FOR SELECT 1",
    "SET lc_messages = 'de_DE'", "SELEC 1", "SET lc_messages = DEFAULT", "SET auto_increment_increment = 10", "INSERT INTO d_all (v) VALUES ('by ten')",
    "SET auto_increment_increment = 1", "SET insert_id = 500", "INSERT INTO d_all (v) VALUES ('five hundred')", "SELECT MAX(id) FROM d_all", "SET timestamp = 1000000000",
    "SELECT NOW(), UNIX_TIMESTAMP()", "SET timestamp = DEFAULT",
    "CREATE TEMPORARY TABLE d_temporary (a INT)", "INSERT INTO d_temporary VALUES (1), (2)", "SELECT * FROM d_temporary", "DROP TEMPORARY TABLE d_temporary",
    "SELECT GET_LOCK('d', 0)", "SELECT IS_FREE_LOCK('d')", "SELECT RELEASE_LOCK('d')", "SELECT RELEASE_ALL_LOCKS()", "LOCK TABLES d_all WRITE",
    "SELECT COUNT(*) FROM d_other", "SELECT COUNT(*) FROM d_all", "UNLOCK TABLES", "FLUSH TABLES d_all", "ANALYZE TABLE d_other", "CHECK TABLE d_other",
    "PREPARE s FROM 'SELECT ? + ?'", "SET @x = 3, @y = 4", "EXECUTE s USING @x, @y", "DEALLOCATE PREPARE s", "EXECUTE IMMEDIATE 'SELECT 5'",
    "HANDLER d_other OPEN", "HANDLER d_other READ FIRST", "HANDLER d_other CLOSE", "DO 1", "DO SLEEP(0)",
    # Definitions and what is shown of them.
    "ALTER TABLE d_other ADD COLUMN b INT DEFAULT 5, ADD INDEX (a)", "CREATE INDEX i ON d_other (b)", "DROP INDEX i ON d_other", "RENAME TABLE d_other TO d_child", "RENAME TABLE d_child TO d_other",
    "TRUNCATE TABLE d_other", "CREATE VIEW d_view AS SELECT id, v FROM d_all", "SELECT * FROM d_view ORDER BY id LIMIT 2", "DROP VIEW d_view",
    "CREATE FUNCTION d_function(a INT) RETURNS INT DETERMINISTIC RETURN a * 2", "SELECT d_function(21)", "DROP FUNCTION d_function",
    "CREATE PROCEDURE d_procedure(IN a INT, OUT b INT) BEGIN SELECT a; SET b = a + 1; SELECT 'second', b; END", "CALL d_procedure(1, @out)", "SELECT @out",
    "DROP PROCEDURE d_procedure", "CREATE PROCEDURE d_fails() BEGIN SELECT 1; SIGNAL SQLSTATE '45000'; END", "CALL d_fails()", "DROP PROCEDURE d_fails",
    "CREATE TRIGGER d_trigger BEFORE INSERT ON d_other FOR EACH ROW SET NEW.b = 9", "INSERT INTO d_other (a) VALUES (1)", "SELECT * FROM d_other", "DROP TRIGGER d_trigger",
    "SHOW TABLES LIKE 'd\\\\_%'", "SHOW COLUMNS FROM d_other", "DESCRIBE d_all", "SHOW CREATE TABLE d_other", "SHOW INDEX FROM d_other", "SHOW DATABASES LIKE 'ma%'",
    "SHOW VARIABLES LIKE 'autocommit'", "SHOW CHARACTER SET LIKE 'utf8mb4'", "SHOW COLLATION LIKE 'utf8mb4_bin'", "EXPLAIN SELECT 1", "EXPLAIN SELECT * FROM d_other WHERE a = 1",
    "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'd\\\\_%' ORDER BY 1", "CREATE DATABASE d_database", "USE d_database", "SELECT DATABASE()",
    "DROP DATABASE d_database", "SELECT DATABASE()", "USE main", "SELECT DATABASE()",
    # Several statements, several results.
    "SELECT 1; SELECT 2", "SELECT 1; SELECT 2;", "SET @m = 1; SELECT @m; SELECT 'three'", "SELECT 1; SELEC 2; SELECT 3", "INSERT INTO d_other (a) VALUES (7); SELECT ROW_COUNT()",
    "BEGIN; SELECT 1; COMMIT", "UPDATE d_other SET a = 8; UPDATE d_other SET a = 8", "SELECT 1;;", "BEGIN; INSERT INTO d_other (a) VALUES (9)", "ROLLBACK",
    # Joins, unions, windows, with.
    "SELECT a.id, b.id FROM d_all a JOIN d_all b ON a.id = b.id ORDER BY 1 LIMIT 3", "SELECT 1 UNION SELECT 2 UNION ALL SELECT 2", "(SELECT 1) UNION (SELECT 2) ORDER BY 1 DESC",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r", "SELECT id, ROW_NUMBER() OVER (ORDER BY id) FROM d_all LIMIT 3",
    "VALUES (1, 2), (3, 4)", "SELECT * FROM (SELECT 1 AS a) AS x", "SELECT EXISTS (SELECT 1)", "SELECT id FROM d_all WHERE id = 1 FOR UPDATE", "SELECT id FROM d_all WHERE id = 1 LOCK IN SHARE MODE",
    "INSERT INTO d_other (a) VALUES (5) RETURNING a, b", "DELETE FROM d_other WHERE a = 5 RETURNING a", "SELECT seq FROM seq_1_to_3000",
    "SELECT REPEAT('x', 70000)", "SELECT REPEAT('y', 251), REPEAT('z', 65536)", "SELECT * FROM d_all, seq_1_to_20 ORDER BY d_all.id, seq LIMIT 150",
    # Prepared, with parameters.
    ("SELECT ?", 1), ("SELECT ?", -5), ("SELECT ?", 1.25), ("SELECT ?", "text"), ("SELECT ?", b"\x00\xff"), ("SELECT ?", None), ("SELECT ?, ?, ?", 1, None, "x"),
    ("SELECT ? + 1", 41), ("SELECT CONCAT(?, '-', ?)", "a", "b"), ("SELECT * FROM d_all WHERE id = ?", 1), ("SELECT * FROM d_all WHERE v LIKE ? ORDER BY id", "t%"),
    ("SELECT id FROM d_all ORDER BY id LIMIT ?", 2), ("INSERT INTO d_all (i1, v, b, d, n) VALUES (?, ?, ?, ?, ?)", 7, "prepared", b"\x01\x02", 0.5, "1.23"),
    ("INSERT INTO d_all (i1) VALUES (?)", 1000), ("INSERT INTO d_all (id) VALUES (?)", 1), ("UPDATE d_all SET v = ? WHERE id = ?", "p", 1), ("DELETE FROM d_all WHERE v = ?", "prepared"),
    ("SELECT * FROM no_such_table WHERE a = ?", 1), ("SELEC ?", 1), ("SET @p = ?", 5), ("SELECT @p",), ("CALL no_such(?)", 1), ("SELECT LENGTH(?)", "l" * 70000), ("SELECT ?", "\u00e9\U0001f600"),
    ("SHOW TABLES LIKE 'd\\_a%'",), ("BEGIN",), ("INSERT INTO d_other (a) VALUES (?)", 3), ("ROLLBACK",), ("SELECT 1; SELECT ?", 2), ("CREATE TABLE d_child (a INT)",), ("DROP TABLE d_child",),
    ("SELECT CAST(? AS DATE), CAST(? AS TIME)", "2026-02-03", "01:02:03"), ("SELECT LAST_INSERT_ID()",), ("DO ?", 1),
    "DROP TABLE d_all, d_other",
]


def all_statements():
    return STATEMENTS[:6] + SELECTS + STATEMENTS[6:]
