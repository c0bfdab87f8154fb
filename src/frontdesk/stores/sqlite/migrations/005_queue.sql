CREATE TABLE queue_messages (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,  -- none is given twice: it is what fences
    queue         TEXT NOT NULL,
    id            TEXT NOT NULL,
    body          BLOB NOT NULL,
    attributes    BLOB NOT NULL,
    grp           TEXT,              -- null: none
    deduplication TEXT NOT NULL,
    source        TEXT NOT NULL,     -- the queue that has given it up
    sent          REAL NOT NULL,     -- seconds since 1970, as all times here
    visible       REAL NOT NULL,     -- when it can be received
    receives      INTEGER NOT NULL,  -- in this queue
    earlier       INTEGER NOT NULL,  -- in those before
    first         REAL NOT NULL      -- received for the first time
) STRICT;

-- Counting, and looking for old ones, needs nothing else.
CREATE INDEX queue_messages_visible ON queue_messages (queue, visible, number, receives, sent);
CREATE INDEX queue_messages_in_order ON queue_messages (queue, number) WHERE grp IS NOT NULL;
CREATE INDEX queue_messages_of_group ON queue_messages (queue, grp, visible, receives)
    WHERE grp IS NOT NULL;

CREATE TABLE queue_known (
    queue  TEXT NOT NULL,
    same   TEXT NOT NULL,  -- what a message is known by
    id     TEXT NOT NULL,
    number INTEGER NOT NULL,
    since  REAL NOT NULL,
    PRIMARY KEY (queue, same)
) STRICT, WITHOUT ROWID;

CREATE INDEX queue_known_since ON queue_known (since);
