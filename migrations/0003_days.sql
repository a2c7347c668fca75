-- What a set did on each day, by the server's clock and in UTC: what the strips on pages show without reading every commit.
CREATE TABLE set_day (
    set_no bigint NOT NULL REFERENCES backup_set,
    -- Days since 1 January 1970.
    day integer NOT NULL,
    -- Commits that arrived. A day on which the machine only proved itself has none.
    commits bigint NOT NULL,
    -- The newest of them has gaps.
    gaps boolean NOT NULL,
    PRIMARY KEY (set_no, day)
);
INSERT INTO set_day (set_no, day, commits, gaps)
SELECT set_no, day, count(*), coalesce(bool_or(gaps) FILTER (WHERE newest), false)
FROM (
    SELECT set_no,
        (received_ms / 86400000)::integer AS day,
        -- Flags are the last four bytes before the signature, the lowest first; 4 is GAPS.
        get_byte(header, octet_length(header) - 68) & 4 <> 0 AS gaps,
        seq = max(seq) OVER (PARTITION BY set_no, received_ms / 86400000) AS newest
    FROM commit
) AS one
GROUP BY set_no, day;
