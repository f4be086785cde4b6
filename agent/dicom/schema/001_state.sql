-- What was delivered already: pseudonyms of irradiation events, reports and files. `at` is when it was remembered.
CREATE TABLE seen (
    h    TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);

-- The identity last told for each device (key: a pseudonym).
CREATE TABLE identity (
    device TEXT PRIMARY KEY,
    body   TEXT NOT NULL,
    at     INTEGER NOT NULL
) WITHOUT ROWID;

-- Performed procedure steps (key: pseudonym of the SOP instance). A closed one stays, so that late changes are refused.
CREATE TABLE step (
    h        TEXT PRIMARY KEY,
    open     INTEGER NOT NULL,
    exam_h   TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    serial   TEXT NOT NULL,
    maker    TEXT NOT NULL,
    model    TEXT NOT NULL,
    at       INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX step_at ON step (open, at);
