-- What figures over long times are made of.

-- How the exams that ended in an hour ended: ExamEnds::serialize; empty: none was told.
ALTER TABLE hour ADD COLUMN ends TEXT NOT NULL DEFAULT '';

-- When a finding was found first; 0: not known.
ALTER TABLE finding ADD COLUMN found_ms INTEGER NOT NULL DEFAULT 0;

-- The hours of a device and UTC day in one row: fifteen years of hours are too many for one answer. Every day with hours
-- but a device's newest has one. `watched` and `used` keep the minutes and hours exact: see server/domain/day_cell.hpp.
CREATE TABLE day (
    dev_no            INTEGER NOT NULL,
    day_ms            INTEGER NOT NULL,
    exams             INTEGER NOT NULL,
    exposures         INTEGER NOT NULL,
    patient_exposures INTEGER NOT NULL,
    exposure_ms       INTEGER NOT NULL,
    charge_ua_ms      INTEGER NOT NULL,
    unknown_duration  INTEGER NOT NULL,
    ends              TEXT NOT NULL,
    watched           TEXT NOT NULL,
    used              INTEGER NOT NULL,
    PRIMARY KEY (dev_no, day_ms)
) STRICT, WITHOUT ROWID;

INSERT INTO day
SELECT dev_no, hour_ms - hour_ms % 86400000, sum(exams), sum(exposures), sum(patient_exposures), sum(exposure_ms),
       sum(charge_ua_ms), sum(unknown_duration), '',
       coalesce(group_concat(CASE coverage WHEN 0 THEN NULL WHEN 1152921504606846975 THEN char(65 + hour_ms / 3600000 % 24)
                                           ELSE char(65 + hour_ms / 3600000 % 24) || printf('%015x', coverage) END, ''), ''),
       sum(CASE WHEN patient_exposures > 0 THEN 1 << hour_ms / 3600000 % 24 ELSE 0 END)
FROM (SELECT * FROM hour ORDER BY dev_no, hour_ms) h
WHERE hour_ms - hour_ms % 86400000 < (SELECT max(n.hour_ms) - max(n.hour_ms) % 86400000 FROM hour n WHERE n.dev_no = h.dev_no)
GROUP BY dev_no, hour_ms - hour_ms % 86400000;
