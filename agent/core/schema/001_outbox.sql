-- The agent's outbox: every record from its intake until the collector's signed receipt, and a tail of receipted ones for a refill.

CREATE TABLE epoch (
    n INTEGER PRIMARY KEY,                       -- order of opening, 1 first
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    parent_epoch BLOB CHECK (length(parent_epoch) = 16),
    parent_last_seq INTEGER,
    parent_last_head BLOB CHECK (length(parent_last_head) = 32),
    reason TEXT NOT NULL,
    host BLOB NOT NULL CHECK (length(host) = 32),
    host_parts INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    start_head BLOB NOT NULL CHECK (length(start_head) = 32),
    last_seq INTEGER NOT NULL,
    last_head BLOB NOT NULL CHECK (length(last_head) = 32),
    bytes INTEGER NOT NULL DEFAULT 0,            -- of all records ever appended
    acked INTEGER NOT NULL DEFAULT 0,            -- receipted up to here
    acked_bytes INTEGER NOT NULL DEFAULT 0,
    pruned INTEGER NOT NULL DEFAULT 0,           -- rows up to here are gone; their chain value stays
    pruned_head BLOB CHECK (length(pruned_head) = 32),
    pruned_bytes INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,             -- rehomed elsewhere: never sent again
    CHECK (pruned <= last_seq AND acked <= last_seq)
) STRICT;

-- place = n * 2^40 + seq: one B-tree in order of history, appended at its end, read in ranges.
CREATE TABLE record (
    place INTEGER PRIMARY KEY,
    t_ms INTEGER NOT NULL,
    head BLOB NOT NULL CHECK (length(head) = 32),
    poisoned INTEGER NOT NULL DEFAULT 0,         -- flies as a tombstone
    bytes BLOB NOT NULL
) STRICT;

-- What the collector refused for good, kept for a person after the tail has gone.
CREATE TABLE poisoned (
    place INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
