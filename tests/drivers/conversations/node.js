// The conversation of tests/drivers/README.md through a driver of npm: mysql2, mariadb or mysql.
// usage: node node.js mysql2|mariadb|mysql
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const name = process.argv[2];
const { WANLAB_HOST, WANLAB_PORT, WANLAB_USER, WANLAB_PASSWORD, WANLAB_DATABASE, WANLAB_CA } = process.env;
const table = 'conversation_' + name;

const plain = (value) => JSON.stringify(value, (key, v) =>
  typeof v === 'bigint' ? Number(v) : v && v.type === 'Buffer' ? 'bytes ' + Buffer.from(v.data).toString('hex').slice(0, 64) : v);
const say = (step, ...values) => console.log(step + ':', ...values.map((v) => (typeof v === 'string' ? v : plain(v))));
const hash = (data) => crypto.createHash('md5').update(data).digest('hex');

const options = (more) => ({
  host: WANLAB_HOST, port: Number(WANLAB_PORT), user: WANLAB_USER, password: WANLAB_PASSWORD,
  database: WANLAB_DATABASE, charset: 'utf8mb4', multipleStatements: true,
  ...(WANLAB_CA ? { ssl: { ca: fs.readFileSync(WANLAB_CA), rejectUnauthorized: name !== 'mysql',
                           checkServerIdentity: () => undefined } } : {}),
  ...more,
});

// One face for three drivers: query(sql, values) gives rows or a result; execute() is a prepared statement.
async function connect(more) {
  if (name === 'mysql2') {
    const connection = await require('mysql2/promise').createConnection(options(more));
    return {
      query: async (sql, values) => (await connection.query(sql, values))[0],
      execute: async (sql, values) => (await connection.execute(sql, values))[0],
      change: () => connection.changeUser({ user: WANLAB_USER, password: WANLAB_PASSWORD, database: WANLAB_DATABASE }),
      ping: () => connection.ping(), end: () => connection.end(),
    };
  }
  if (name === 'mariadb') {
    const connection = await require('mariadb').createConnection({ ...options(more), charset: undefined, bigIntAsNumber: true });
    return {
      query: (sql, values) => connection.query(sql, values),
      execute: (sql, values) => connection.execute(sql, values),
      reset: () => connection.reset(),
      change: () => connection.changeUser({ user: WANLAB_USER, password: WANLAB_PASSWORD, database: WANLAB_DATABASE }),
      ping: () => connection.ping(), end: () => connection.end(),
    };
  }
  const connection = require('mysql').createConnection(options(more));
  const call = (method, ...args) => new Promise((resolve, reject) =>
    connection[method](...args, (error, result) => (error ? reject(error) : resolve(result))));
  await call('connect');
  return {
    query: (sql, values) => call('query', sql, values), execute: (sql, values) => call('query', sql, values),
    change: () => call('changeUser', { user: WANLAB_USER, password: WANLAB_PASSWORD, database: WANLAB_DATABASE }),
    ping: () => call('ping'), end: () => call('end'),
  };
}

const rows = (result) => Array.from(result).map((row) => ({ ...row }));
const failure = async (action) => {
  try { await action(); return 'no error'; } catch (error) { return [error.errno, error.sqlState, error.sqlMessage]; }
};

(async () => {
  const db = await connect();
  say('first row', rows(await db.query("SELECT 1 + 1 AS two, 'grüß 😀' AS text, NULL AS nothing, 1.50 AS amount")));
  await db.query(`DROP TABLE IF EXISTS ${table}`);
  await db.query(`CREATE TABLE ${table} (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) UNIQUE, amount DECIMAL(10,2),
    ratio DOUBLE, big BIGINT, body LONGBLOB) CHARACTER SET utf8mb4`);
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const inserted = await db.execute(`INSERT INTO ${table} (name, amount, ratio, big, body) VALUES (?, ?, ?, ?, ?)`, ['é🚀', '12.34', 0.25, 123456789, bytes]);
  say('inserted', Number(inserted.affectedRows), Number(inserted.insertId));
  for (let i = 0; i < 30; i++) await db.execute(`INSERT INTO ${table} (name, amount) VALUES (?, ?)`, ['row ' + i, i]);
  say('prepared rows', rows(await db.execute(`SELECT id, name, amount, ratio, big, body FROM ${table} WHERE id <= ? ORDER BY id`, [2])));
  say('text rows', rows(await db.query(`SELECT id, name, amount FROM ${table} WHERE id < 4 ORDER BY id`)));

  await db.query('START TRANSACTION');
  const deleted = await db.query(`DELETE FROM ${table}`);
  say('deleted', Number(deleted.affectedRows));
  await db.query('ROLLBACK');
  say('after rollback', rows(await db.query(`SELECT COUNT(*) AS n FROM ${table}`)));
  await db.query('BEGIN');
  await db.execute(`INSERT INTO ${table} (name) VALUES (?)`, ['kept']);
  await db.query('COMMIT');
  say('after commit', rows(await db.query(`SELECT COUNT(*) AS n FROM ${table}`)));

  say('duplicate', await failure(() => db.execute(`INSERT INTO ${table} (name) VALUES (?)`, ['kept'])));
  say('syntax', await failure(() => db.query('SELEC 1')));
  say('no table', await failure(() => db.execute('SELECT * FROM nowhere_at_all')));
  say('still there', rows(await db.query('SELECT 1 AS one')));

  const several = await db.query("SELECT 1 AS a; SELECT 2 AS b, 3 AS c; SET @y = 1; SELECT 'end' AS d");
  say('several', several.map((result) => (Array.isArray(result) ? rows(result) : 'ok')));
  await db.query('SET @x = 41');
  say('user variable', rows(await db.query('SELECT @x + 1 AS x')));
  await db.query("SET SESSION time_zone = '+03:00'");
  say('setting', rows(await db.execute('SELECT @@time_zone AS zone')));
  const value = rows(await db.query("SELECT REPEAT('abcdefghij', 2000000) AS v"))[0].v;
  say('large value', value.length, hash(value));
  const many = await db.query(`SELECT a.id, REPEAT(MD5(a.id), 20) AS text FROM ${table} a, ${table} b, ${table} c ORDER BY a.id, b.id, c.id LIMIT 3000`);
  say('many rows', many.length, hash(JSON.stringify(rows(many))));
  const big = Buffer.alloc(17 * 1024 * 1024 + 5, 'wanlab');
  await db.query(`UPDATE ${table} SET body = ? WHERE id = 1`, [big]);
  say('large parameter', rows(await db.query(`SELECT LENGTH(body) AS size, MD5(body) AS hash FROM ${table} WHERE id = 1`)), hash(big));
  await db.ping();
  await db.change();
  say('after change of user', rows(await db.query('SELECT @x AS x, DATABASE() AS d')));
  if (db.reset) {
    await db.query('SET @x = 1');
    await db.reset();
    say('after reset', rows(await db.query('SELECT @x AS x')));
  }
  await db.query(`DROP TABLE ${table}`);
  await db.end();
  say('wrong password', (await failure(() => connect({ password: 'wrong' })))[0]);
  say('end');
})().catch((error) => { console.log('broke:', error); process.exit(1); });
