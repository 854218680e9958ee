-- SPDX-License-Identifier: MIT
-- Run by the shell with -vfs disk /dev/xvda, which is blank; tests/lab reads the database afterwards.
.bail on
.vfsname
CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB);
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)
    INSERT INTO t SELECT i, CAST(printf('%.*c', i * 7 % 3000, char(97 + i % 26)) AS BLOB) FROM n;
PRAGMA cache_size = 10;
BEGIN; UPDATE t SET v = v || v; ROLLBACK;
BEGIN; UPDATE t SET v = v || '.' WHERE k % 3 = 0; COMMIT;
PRAGMA journal_mode = TRUNCATE; DELETE FROM t WHERE k > 250;
PRAGMA journal_mode = PERSIST; DELETE FROM t WHERE k > 240;
PRAGMA journal_mode = DELETE; VACUUM;
INSERT INTO t SELECT k + 1000, zeroblob(100) FROM t WHERE k < 11;
SELECT iif(count(*) = 250 AND sum(length(v)) = (SELECT 1000 + 80 + sum(i * 7 % 3000) FROM (WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 240) SELECT i FROM n)), 'ok', 'not ok'), 'rows' FROM t;
SELECT iif(integrity_check = 'ok', 'ok', 'not ok'), 'integrity' FROM pragma_integrity_check;
.bail off
-- what does not fit is refused (the shell returns 1 for that), and nothing is lost
INSERT INTO t VALUES(5000, zeroblob(9000000));
SELECT iif(count(*) = 250, 'ok', 'not ok'), 'after a full disk' FROM t;
SELECT iif(integrity_check = 'ok', 'ok', 'not ok'), 'integrity at the end' FROM pragma_integrity_check;
SELECT 'all of disk.sql';
