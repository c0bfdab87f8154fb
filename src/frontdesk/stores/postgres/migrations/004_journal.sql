CREATE TABLE frontdesk_journal_owners (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- none is given twice: it is what fences
    lapses DOUBLE PRECISION NOT NULL                         -- end of its lease, seconds since 1970
);

CREATE TABLE frontdesk_journal_streams (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    digest  BYTEA NOT NULL,
    started DOUBLE PRECISION NOT NULL,  -- seconds since 1970, as all times here
    status  TEXT COLLATE "C" NOT NULL,
    ended   DOUBLE PRECISION,
    seq     BIGINT NOT NULL,            -- how many events it has
    owner   BIGINT,                     -- 0: whoever comes first when it is due; null: it waits for nobody
    due     DOUBLE PRECISION,           -- null: it is held, or waits for nothing
    head    BYTEA NOT NULL,             -- JSON: [timers, outbox, last number of messages, of those taken]
    UNIQUE (kind, name)
) WITH (fillfactor = 70);  -- room for new versions of rows on their page, which need no index entries

CREATE INDEX frontdesk_journal_due ON frontdesk_journal_streams (owner, due) WHERE owner IS NOT NULL;
CREATE INDEX frontdesk_journal_by_time ON frontdesk_journal_streams (kind, started, id);
CREATE INDEX frontdesk_journal_by_status ON frontdesk_journal_streams (status, kind, started, id);
CREATE INDEX frontdesk_journal_ended ON frontdesk_journal_streams (kind, ended) WHERE ended IS NOT NULL;

-- One row for each append that has events: that is what makes appends cheap.
CREATE TABLE frontdesk_journal_appends (
    stream   BIGINT NOT NULL,
    first    BIGINT NOT NULL,  -- number of the first of its events
    events   BYTEA NOT NULL,   -- JSON: [event, …]
    commands BYTEA,            -- JSON: {key: command, …}; the head knows which are not done
    PRIMARY KEY (stream, first)
);

CREATE TABLE frontdesk_journal_snapshots (
    stream   BIGINT PRIMARY KEY,
    seq      BIGINT NOT NULL,  -- of the last event in it
    snapshot BYTEA NOT NULL
);

CREATE TABLE frontdesk_journal_messages (
    stream   BIGINT NOT NULL,
    number   BIGINT NOT NULL,
    document BYTEA NOT NULL,
    PRIMARY KEY (stream, number)
);
