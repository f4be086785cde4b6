-- Pseudonyms of audit messages that were delivered. `at` is when.
CREATE TABLE seen (
    h    TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);

-- How far each log was delivered. `head` is a pseudonym of the file's first `head_bytes` bytes, which tell the file from another in
-- its place; `last_at` is the time of the last line that had one.
CREATE TABLE position (
    path        TEXT PRIMARY KEY,
    device      INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    offset      INTEGER NOT NULL,
    head_bytes  INTEGER NOT NULL,
    head        TEXT NOT NULL,
    last_at     INTEGER
) WITHOUT ROWID;
