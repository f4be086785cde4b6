-- The log and what is folded from it. Only the collector's writer thread has a connection that can write here.

-- One row each: which log this is.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- ---- the log itself: append only --------------------------------------------------------------------------------

-- The hot segment. The row id is the log index and the only index there is: a second one would cost two thirds of the
-- speed by six million rows. Of a record (type 1) `bytes` are the record's own; device and epoch stand in their tables and
-- the leaf's head is built from them. Of a declaration (2) or system fact (3) `bytes` are its JSON.
-- `back` leads to the previous leaf of the same device: this one's idx minus back. NULL at a device's first leaf.
CREATE TABLE leaf (
    idx      INTEGER PRIMARY KEY,
    type     INTEGER NOT NULL,
    recv_ms  INTEGER NOT NULL,
    dev_no   INTEGER NOT NULL,  -- 0: about the collector itself
    epoch_no INTEGER NOT NULL,  -- 0: not a record
    seq      INTEGER NOT NULL,
    back     INTEGER,
    bytes    BLOB NOT NULL
) STRICT;
CREATE TRIGGER leaf_keeps_bytes BEFORE UPDATE ON leaf BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER leaf_keeps_rows BEFORE DELETE ON leaf BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- What the device signed: its chain's value after the record at this log index. The last of each epoch in each commit.
CREATE TABLE frame_head (
    idx       INTEGER PRIMARY KEY,
    head      BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER frame_head_keeps_bytes BEFORE UPDATE ON frame_head BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER frame_head_keeps_rows BEFORE DELETE ON frame_head BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

-- Signed notes, stored before anyone is shown them.
CREATE TABLE checkpoint (
    size       INTEGER PRIMARY KEY,
    root       BLOB NOT NULL,
    note       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE TRIGGER checkpoint_keeps_bytes BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER checkpoint_keeps_rows BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;

-- ---- folded from the log: `gantry rebuild --check` makes these again and compares them byte for byte ---------------

-- One row: the tree after the last commit.
CREATE TABLE log_state (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    size         INTEGER NOT NULL,
    last_recv_ms INTEGER NOT NULL,
    frontier     BLOB NOT NULL
) STRICT;

-- Tile hashes of level 1 and above; level 0 is computed from the leaves.
CREATE TABLE tile_hash (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- The register. `entry` is the canonical JSON of what was registered: id, record_key, maker, model, serial, site, tz …
CREATE TABLE device (
    dev_no INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    leaf   INTEGER NOT NULL,  -- the fact that registered it, or changed it last
    entry  TEXT NOT NULL
) STRICT;

-- The state of a device: canonical JSON, written once a commit when touched.
CREATE TABLE device_fold (
    dev_no    INTEGER PRIMARY KEY,
    last_leaf INTEGER NOT NULL,  -- where `back` begins
    fold      TEXT NOT NULL
) STRICT;

-- Where each epoch stands: `high` is the last stored seq and `head` its chain value. `ledger` holds the rest of what
-- admission knows of it, as canonical JSON.
CREATE TABLE epoch (
    epoch_no    INTEGER PRIMARY KEY,
    dev_no      INTEGER NOT NULL,
    epoch       BLOB NOT NULL,
    high        INTEGER NOT NULL,
    head        BLOB NOT NULL,
    last_leaf   INTEGER NOT NULL,
    ledger      TEXT NOT NULL
) STRICT;

-- Use per device and UTC hour. `keys` tells exposures and exams apart, so that none is counted twice.
CREATE TABLE hour (
    dev_no            INTEGER NOT NULL,
    hour_ms           INTEGER NOT NULL,
    exams             INTEGER NOT NULL,
    exposures         INTEGER NOT NULL,
    patient_exposures INTEGER NOT NULL,
    exposure_ms       INTEGER NOT NULL,
    charge_ua_ms      INTEGER NOT NULL,
    dlp_ugy_cm        INTEGER NOT NULL,
    unknown_duration  INTEGER NOT NULL,
    faults            INTEGER NOT NULL,
    records           INTEGER NOT NULL,
    half0_ms          INTEGER NOT NULL,
    half1_ms          INTEGER NOT NULL,
    half0_exposures   INTEGER NOT NULL,
    half1_exposures   INTEGER NOT NULL,
    coverage          INTEGER NOT NULL,
    ctdivol           TEXT NOT NULL,
    keys              BLOB NOT NULL,
    keys_full         INTEGER NOT NULL,
    PRIMARY KEY (dev_no, hour_ms)
) STRICT, WITHOUT ROWID;

-- The timeline's lanes: lifecycle 0, operating 1, faults 2 (key: the fault's code).
CREATE TABLE interval (
    dev_no  INTEGER NOT NULL,
    lane    INTEGER NOT NULL,
    key     TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms   INTEGER,
    state   TEXT NOT NULL,
    leaf    INTEGER NOT NULL,
    PRIMARY KEY (dev_no, lane, key, from_ms)
) STRICT, WITHOUT ROWID;

-- A rule's result: one row for each (device, rule, key), counted.
CREATE TABLE finding (
    dev_no      INTEGER NOT NULL,
    rule        TEXT NOT NULL,
    key         TEXT NOT NULL,
    kind        TEXT NOT NULL,
    severity    INTEGER NOT NULL,
    suspected   INTEGER NOT NULL,
    state       TEXT NOT NULL,
    since_ms    INTEGER NOT NULL,
    first_at_ms INTEGER NOT NULL,
    last_at_ms  INTEGER NOT NULL,
    first_leaf  INTEGER NOT NULL,
    last_leaf   INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    open        INTEGER NOT NULL,
    PRIMARY KEY (dev_no, rule, key)
) STRICT, WITHOUT ROWID;

-- Records of pseudo-devices (unassigned-<site>), and where a person put them.
CREATE TABLE unassigned (
    leaf        INTEGER PRIMARY KEY,
    assigned_to INTEGER,  -- dev_no; NULL: waiting
    assigned_by INTEGER   -- the declaration's log index
) STRICT;
CREATE INDEX unassigned_waiting ON unassigned (leaf) WHERE assigned_to IS NULL;

-- ---- beside the log: not evidence, bounded ------------------------------------------------------------------------

-- Signs of life that are no records (hello, beat).
CREATE TABLE seen (
    dev_no          INTEGER PRIMARY KEY,
    seen_ms         INTEGER NOT NULL,
    clock_offset_ms INTEGER,  -- the device's clock minus ours, as its last message told; transit time not taken off
    pending         INTEGER,
    version         TEXT
) STRICT;

-- What was refused: hashes and names of fields, never values. The oldest give way.
CREATE TABLE quarantine (
    n       INTEGER PRIMARY KEY,
    recv_ms INTEGER NOT NULL,
    dev     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    sha256  BLOB NOT NULL,
    size    INTEGER NOT NULL
) STRICT;

-- The other of two signed histories, as it came. The first of each epoch are kept.
CREATE TABLE conflict (
    n       INTEGER PRIMARY KEY,
    recv_ms INTEGER NOT NULL,
    dev_no  INTEGER NOT NULL,
    epoch   BLOB NOT NULL,
    form    TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    ours    BLOB NOT NULL,
    theirs  BLOB NOT NULL,
    message BLOB NOT NULL
) STRICT;
