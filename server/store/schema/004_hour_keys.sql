-- What tells the exposures and exams of an hour apart, in a table of its own: only the writer asks for it, and by the
-- hour, of many devices at once. In the hours' own order each device of a batch would cost a page of the WAL, and who
-- reads years of a device's hours would read through all keys.
CREATE TABLE hour_key (
    hour_ms INTEGER NOT NULL,
    dev_no  INTEGER NOT NULL,
    keys    BLOB NOT NULL,
    PRIMARY KEY (hour_ms, dev_no)
) STRICT, WITHOUT ROWID;
INSERT INTO hour_key SELECT hour_ms, dev_no, keys FROM hour WHERE length(keys) > 5;  -- five bytes: no key
ALTER TABLE hour DROP COLUMN keys;
ALTER TABLE hour DROP COLUMN keys_full;
