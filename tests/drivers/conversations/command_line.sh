#!/usr/bin/env bash
# The conversation of tests/drivers/README.md through the command line of MariaDB.
set -u
options=(--no-defaults -h "$WANLAB_HOST" -P "$WANLAB_PORT" -u "$WANLAB_USER" "-p$WANLAB_PASSWORD"
  --default-character-set=utf8mb4 --table)
if [[ -n ${WANLAB_CA:-} ]]; then options+=(--ssl "--ssl-ca=$WANLAB_CA"); fi
ask() { mariadb "${options[@]}" "$@" "$WANLAB_DATABASE" 2>&1; }

ask -vvv <<'SQL' | sed -E 's/\([0-9.]+ sec\)//; s/^Writing history.*//'
SELECT 1 + 1, 'grüß 😀', NULL, 1.50;
DROP TABLE IF EXISTS conversation_command_line;
CREATE TABLE conversation_command_line (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) UNIQUE, body LONGBLOB);
INSERT INTO conversation_command_line (name) VALUES ('a'), ('b'), ('é🚀');
SELECT id, name, HEX(name), body FROM conversation_command_line;
BEGIN;
DELETE FROM conversation_command_line;
ROLLBACK;
SELECT COUNT(*) FROM conversation_command_line;
INSERT IGNORE INTO conversation_command_line (name) VALUES ('a');
SHOW WARNINGS;
UPDATE conversation_command_line SET body = 'x' WHERE id < 3;
SELECT LAST_INSERT_ID(), ROW_COUNT();
SET @x = 41;
SELECT @x + 1;
CREATE TEMPORARY TABLE conversation_t (a INT);
INSERT INTO conversation_t VALUES (1), (2);
SELECT * FROM conversation_t;
DELIMITER //
CREATE OR REPLACE PROCEDURE conversation_p(IN n INT) BEGIN SELECT n; SELECT n + 1, 'second'; END //
DELIMITER ;
CALL conversation_p(7);
DROP PROCEDURE conversation_p;
SHOW TABLES LIKE 'conversation_command%';
DESCRIBE conversation_command_line;
SELECT DATABASE();
SQL
ask -e 'SELEC 1'
echo "status $?"
ask -e 'SELECT * FROM nowhere_at_all'
ask --batch --skip-column-names -e "SELECT REPEAT('abcdefghij', 2000000)" | md5sum
ask --batch --quick -e "SELECT a.id, REPEAT(MD5(a.id), 50) FROM conversation_command_line a, conversation_command_line b ORDER BY a.id, b.id" | md5sum
# Refused through an edge, as docs/differences.md says; so MariaDB is asked as a client that refuses it.
ask --local-infile=0 -e "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE conversation_command_line (name)" |
  sed -nE 's/^(ERROR [0-9]+).*/\1/p'
ask -e 'DROP TABLE conversation_command_line'
mariadb "${options[@]/-p$WANLAB_PASSWORD/-pwrong}" -e 'SELECT 1' "$WANLAB_DATABASE" 2>&1 | cut -d' ' -f 1-3
echo end
