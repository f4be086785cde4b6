-- The papers of people: permits, tests, contracts, recalls, schedules, work orders. Folded from the declarations that filed them.

-- Every filing and withdrawal, as it came. Never changed: what was known at a log index is the newest version below it.
CREATE TABLE paper_version (
    leaf    INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    recv_ms INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    role    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    body    TEXT NOT NULL  -- canonical JSON; empty: withdrawn
) STRICT;
CREATE INDEX paper_version_of ON paper_version (kind, id, leaf);

-- Whom the version in force concerns. A paper that was withdrawn has no row.
CREATE TABLE paper_subject (
    scope TEXT NOT NULL,  -- device, org, site, named, all
    name  TEXT NOT NULL,
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    leaf  INTEGER NOT NULL,  -- the version in force
    PRIMARY KEY (scope, name, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX paper_subject_of ON paper_subject (kind, id);

-- The papers in force.
CREATE TABLE paper (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    leaf INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
