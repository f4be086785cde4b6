-- What the rules read beside hours and intervals, and what they found.

-- Where an hour's exposures stand in the log; 0: not known, or none.
ALTER TABLE hour ADD COLUMN first_leaf INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hour ADD COLUMN last_leaf INTEGER NOT NULL DEFAULT 0;

-- The rare leaves of a device by the time that they are about: all but use, watching and room climate.
CREATE TABLE moment (
    dev_no INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    leaf   INTEGER NOT NULL,
    type   TEXT NOT NULL,  -- record type, event or fact
    PRIMARY KEY (dev_no, at_ms, leaf)
) STRICT, WITHOUT ROWID;

-- Of a finding of the dated rules: which version judged, what it measured against which limit, the records that made it
-- (log indexes, comma separated), and where it is in its life: suspected, confirmed, answered, dismissed, closed,
-- withdrawn. Version 0: found by the fold of the log itself.
ALTER TABLE finding ADD COLUMN rule_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN measured TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN limit_text TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN leaves TEXT NOT NULL DEFAULT '';
ALTER TABLE finding ADD COLUMN stage TEXT NOT NULL DEFAULT 'suspected';
ALTER TABLE finding ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX finding_open ON finding (severity, dev_no) WHERE open = 1;

-- What people did about a finding, step by step.
CREATE TABLE finding_step (
    leaf    INTEGER PRIMARY KEY,
    dev_no  INTEGER NOT NULL,
    rule    TEXT NOT NULL,
    key     TEXT NOT NULL,
    recv_ms INTEGER NOT NULL,
    action  TEXT NOT NULL,
    actor   TEXT NOT NULL,
    role    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    owner   TEXT NOT NULL
) STRICT;
CREATE INDEX finding_step_of ON finding_step (dev_no, rule, key, leaf);
