<?php
// The conversation of tests/drivers/README.md through PHP's mysqlnd: mysqli first, then PDO.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function say($step, ...$values) {
  echo $step, ": ", implode(" ", array_map(fn($v) => is_string($v) ? $v : json_encode($v), $values)), "\n";
}
$host = getenv("WANLAB_HOST");
$port = (int)getenv("WANLAB_PORT");
$database = getenv("WANLAB_DATABASE");
$ca = getenv("WANLAB_CA");

$db = mysqli_init();
if ($ca) $db->ssl_set(null, null, $ca, null, null);
$db->real_connect($host, getenv("WANLAB_USER"), getenv("WANLAB_PASSWORD"), $database, $port, null,
                  $ca ? MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT : 0);
$db->set_charset("utf8mb4");
say("first row", $db->query("SELECT 1 + 1, 'grüß 😀', NULL, 1.50")->fetch_row());
$db->query("DROP TABLE IF EXISTS conversation_php");
$db->query("CREATE TABLE conversation_php (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) UNIQUE, amount DECIMAL(10,2), ratio DOUBLE, body LONGBLOB, made DATETIME(3)) CHARACTER SET utf8mb4");

$insert = $db->prepare("INSERT INTO conversation_php (name, amount, ratio, body, made) VALUES (?, ?, ?, ?, ?)");
$name = "é🚀"; $amount = "12.34"; $ratio = 0.25; $body = implode(array_map("chr", range(0, 255))); $made = "2026-01-02 03:04:05.678";
$insert->bind_param("ssdss", $name, $amount, $ratio, $body, $made);
$insert->execute();
say("inserted", $insert->affected_rows, $insert->insert_id);
for ($i = 0; $i < 50; $i++) {
  $name = "row $i"; $amount = "$i"; $body = null;
  $insert->execute();
}
say("last id", $insert->insert_id);
$insert->close();

$select = $db->prepare("SELECT id, name, amount, ratio, HEX(body), made, NULL FROM conversation_php WHERE id <= ? ORDER BY id");
$most = 2;
$select->bind_param("i", $most);
$select->execute();
say("rows", $select->get_result()->fetch_all());
$most = 1;
$select->execute();
say("again", count($select->get_result()->fetch_all()));
$select->close();

$db->begin_transaction();
$db->query("DELETE FROM conversation_php");
say("deleted", $db->affected_rows);
$db->rollback();
say("after rollback", $db->query("SELECT COUNT(*) FROM conversation_php")->fetch_row());
$db->autocommit(false);
$db->query("INSERT INTO conversation_php (name) VALUES ('kept')");
$db->commit();
$db->autocommit(true);
say("after commit", $db->query("SELECT COUNT(*) FROM conversation_php")->fetch_row());

foreach (["INSERT INTO conversation_php (name) VALUES ('kept')", "SELEC 1", "SELECT * FROM nowhere_at_all"] as $statement) {
  try {
    $db->query($statement);
    say("no error", $statement);
  } catch (mysqli_sql_exception $error) {
    say("error", $error->getCode(), $db->sqlstate, $error->getMessage());
  }
}
$db->multi_query("SELECT 1; SELECT 2, 3; SET @y = 1; SELECT 'end'");
do {
  if ($result = $db->store_result()) say("result", $result->fetch_all());
} while ($db->more_results() && $db->next_result());
$db->query("SET @x = 41");
say("user variable", $db->query("SELECT @x + 1")->fetch_row());
$db->query("INSERT IGNORE INTO conversation_php (name) VALUES ('kept')");
say("warnings", $db->warning_count, $db->get_warnings() ? $db->get_warnings()->message : null);
say("info", $db->query("UPDATE conversation_php SET ratio = 1 WHERE id < 3"), $db->info);
$value = $db->query("SELECT REPEAT('abcdefghij', 2000000)")->fetch_row()[0];
say("large value", strlen($value), md5($value));
$many = $db->query("SELECT a.id, REPEAT(MD5(a.id), 20) FROM conversation_php a, conversation_php b ORDER BY a.id, b.id LIMIT 2000", MYSQLI_USE_RESULT);
$rows = 0;
$digest = "";
while ($row = $many->fetch_row()) {
  $rows++;
  $digest = md5($digest . $row[0] . $row[1]);
}
$many->free();
say("many rows", $rows, $digest);
$long = $db->prepare("UPDATE conversation_php SET body = ? WHERE id = 1");
$null = null;
$long->bind_param("b", $null);
for ($i = 0; $i < 18; $i++) $long->send_long_data(0, str_repeat(chr(65 + $i), 1024 * 1024));
$long->execute();
$long->close();
say("long data", $db->query("SELECT LENGTH(body), MD5(body) FROM conversation_php WHERE id = 1")->fetch_row());
$db->query("SET NAMES latin1");
$db->change_user(getenv("WANLAB_USER"), getenv("WANLAB_PASSWORD"), $database);
say("after change user", $db->query("SELECT @x, DATABASE()")->fetch_row());
say("ping", @$db->query("DO 1"), $db->stat() !== "");
$db->close();

$options = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false];
if ($ca) $options += [PDO::MYSQL_ATTR_SSL_CA => $ca, PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false];
$pdo = new PDO("mysql:host=$host;port=$port;dbname=$database;charset=utf8mb4", getenv("WANLAB_USER"), getenv("WANLAB_PASSWORD"), $options);
$statement = $pdo->prepare("SELECT id, name, amount, ratio FROM conversation_php WHERE id BETWEEN ? AND ? ORDER BY id");
$statement->execute([1, 3]);
say("pdo rows", $statement->fetchAll(PDO::FETCH_ASSOC));
$pdo->beginTransaction();
$pdo->exec("DELETE FROM conversation_php WHERE id = 2");
$pdo->rollBack();
say("pdo count", $pdo->query("SELECT COUNT(*) FROM conversation_php")->fetchColumn());
try {
  $pdo->query("SELECT * FROM nowhere_at_all");
} catch (PDOException $error) {
  say("pdo error", $error->getCode(), $error->errorInfo[1]);
}
$pdo->exec("DROP TABLE conversation_php");
$statement = null;
$pdo = null;
try {
  new mysqli($host, getenv("WANLAB_USER"), "wrong", $database, $port);
  say("wrong password", "let in");
} catch (mysqli_sql_exception $error) {
  say("wrong password", "refused");
}
say("end");
