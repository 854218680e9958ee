-- SPDX-License-Identifier: MIT
-- Run by the shell on a file in /tmp. Each row that is printed begins with "ok" or "not ok".
.bail on
CREATE TABLE result(name);
CREATE TABLE t(k INTEGER PRIMARY KEY, a TEXT UNIQUE, b REAL, c BLOB);
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
    INSERT INTO t SELECT i, 'row ' || (i * 7919 % 2003), i / 3.0, zeroblob(i % 50) FROM n;
CREATE INDEX tb ON t(b);
SELECT iif(count(*) = 500 AND sum(length(c)) = 12250 AND abs(sum(b) - 41750) < 1e-6, 'ok', 'not ok'), 'rows' FROM t;
SELECT iif(count(*) > 3 AND sum(pgsize) > 4096, 'ok', 'not ok'), 'dbstat' FROM dbstat;
UPDATE t SET a = a || '!' WHERE k % 2;
DELETE FROM t WHERE k > 400;
BEGIN; DELETE FROM t; ROLLBACK;
SAVEPOINT s; DELETE FROM t WHERE k < 100; ROLLBACK TO s; RELEASE s;
SELECT iif(count(*) = 400 AND sum(a LIKE '%!') = 200, 'ok', 'not ok'), 'transactions' FROM t;
INSERT INTO t(k) VALUES(1) ON CONFLICT DO UPDATE SET b = -1 RETURNING iif(b = -1, 'ok', 'not ok'), 'upsert';
SELECT iif(group_concat(r) = '3,2,1', 'ok', 'not ok'), 'window functions'
    FROM (SELECT row_number() OVER (ORDER BY k DESC) r FROM t WHERE k < 4 ORDER BY k);
SELECT iif(json_extract('{"a":[1,{"b":"x"}]}', '$.a[1].b') = 'x' AND json_array_length('[1,2,3]') = 3, 'ok', 'not ok'), 'json';
SELECT iif(abs(sin(1) - 0.841470984807897) < 1e-12 AND round(2.5) = 3 AND pow(2, 10) = 1024 AND 7 / 2 = 3, 'ok', 'not ok'), 'functions';
SELECT iif(printf('%08.3f|%,d|%x|%e', 3.14159, 1234567, 255, 1e10) = '0003.142|1,234,567|ff|1.000000e+10', 'ok', 'not ok'), 'printf';
SELECT iif(strftime('%Y-%m-%d %w', 1000000000, 'unixepoch') = '2001-09-09 0' AND date('2024-02-29', '+1 year') = '2025-03-01'
    AND datetime('now') > '2024', 'ok', 'not ok'), 'dates';
SELECT iif(upper('abc') || hex('ä') || unicode('€') || length('ä€') || instr('abc', 'c') = 'ABCC3A4836423' AND 'a' GLOB '[a-c]'
    AND 'ABC' LIKE 'a%' AND quote(x'00ff') = 'X''00FF''', 'ok', 'not ok'), 'strings';
CREATE VIRTUAL TABLE words USING fts5(text);
INSERT INTO words VALUES('a kernel for block devices'), ('a library for programs'), ('devices and programs');
SELECT iif(group_concat(rowid) = '1,3', 'ok', 'not ok'), 'full text' FROM (SELECT rowid FROM words('devices') ORDER BY rowid);
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1);
INSERT INTO boxes SELECT k, k, k + 1, k, k + 1 FROM t;
SELECT iif(count(*) = 12, 'ok', 'not ok'), 'r-tree' FROM boxes WHERE x1 >= 100 AND x0 <= 110;
CREATE TABLE parent(id PRIMARY KEY); CREATE TABLE child(p REFERENCES parent ON DELETE CASCADE);
CREATE TRIGGER gone AFTER DELETE ON child BEGIN INSERT INTO result VALUES('trigger'); END;
PRAGMA foreign_keys = ON;
INSERT INTO parent VALUES(1), (2); INSERT INTO child VALUES(1), (1), (2); DELETE FROM parent WHERE id = 1;
SELECT iif((SELECT count(*) FROM child) = 1 AND (SELECT count(*) FROM result) = 2, 'ok', 'not ok'), 'foreign keys, triggers';
-- a sort and an index that do not fit into memory go through temporary files
PRAGMA temp_store = FILE; PRAGMA cache_size = 20;
CREATE TEMP TABLE large AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i, hex(randomblob(50)) h FROM n;
SELECT iif(count(*) = 3000 AND count(DISTINCT h) = 3000, 'ok', 'not ok'), 'temporary files' FROM (SELECT * FROM large ORDER BY h);
VACUUM;
SELECT iif(integrity_check = 'ok', 'ok', 'not ok'), 'integrity' FROM pragma_integrity_check;
.backup /tmp/copy.db
ATTACH '/tmp/copy.db' AS copy;
SELECT iif(NOT EXISTS (SELECT * FROM main.t EXCEPT SELECT * FROM copy.t) AND (SELECT count(*) FROM copy.t) = 400, 'ok', 'not ok'), 'backup, two files';
BEGIN; DELETE FROM main.t WHERE k < 10; DELETE FROM copy.t WHERE k < 10; COMMIT;
DETACH copy;
PRAGMA journal_mode = PERSIST; DELETE FROM t WHERE k < 20;
PRAGMA journal_mode = MEMORY; DELETE FROM t WHERE k < 30;
PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; DELETE FROM t WHERE k < 40;
PRAGMA wal_checkpoint;
SELECT iif(count(*) = 361, 'ok', 'not ok'), 'journal modes' FROM t;
SELECT iif(integrity_check = 'ok', 'ok', 'not ok'), 'integrity at the end' FROM pragma_integrity_check;
SELECT 'all of memory.sql';
