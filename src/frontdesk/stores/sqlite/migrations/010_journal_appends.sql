-- With row numbers: without them what does not fit into a quarter of a page takes another page of its own, and
-- an append seldom fits. Now several share one page, the last of the table: half as much is written.
ALTER TABLE journal_appends RENAME TO former_appends;

CREATE TABLE journal_appends (
    stream   INTEGER NOT NULL,
    first    INTEGER NOT NULL,  -- number of the first of its events
    events   BLOB NOT NULL,     -- JSON: [event, …]
    commands BLOB,              -- JSON: {key: command, …}; the head knows which are not done
    PRIMARY KEY (stream, first)
) STRICT;

INSERT INTO journal_appends SELECT stream, first, events, commands FROM former_appends;

DROP TABLE former_appends;
