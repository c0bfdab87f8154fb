CREATE TABLE frontdesk_inbox (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source     TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    type       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    received   DOUBLE PRECISION NOT NULL,  -- seconds since 1970, as all times here
    due        DOUBLE PRECISION,           -- its turn, or the end of its lease; infinite: once asked for; null: done with
    epoch      BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    crashes    BIGINT NOT NULL DEFAULT 0,
    error      TEXT NOT NULL,
    processed  DOUBLE PRECISION,
    result     BYTEA NOT NULL DEFAULT '',
    key        TEXT COLLATE "C" NOT NULL,  -- which secret has matched
    ordering   TEXT COLLATE "C" NOT NULL,
    version    DOUBLE PRECISION NOT NULL,  -- -infinite: none
    nonce      TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL,
    headers    BYTEA NOT NULL,
    body       BYTEA,                      -- null: no longer kept
    size       BIGINT NOT NULL,
    duplicates BIGINT NOT NULL DEFAULT 0,
    replays    BIGINT NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0.02);

CREATE UNIQUE INDEX frontdesk_inbox_id ON frontdesk_inbox (id, source);
CREATE UNIQUE INDEX frontdesk_inbox_nonce ON frontdesk_inbox (nonce, source) WHERE nonce <> '';
CREATE INDEX frontdesk_inbox_received ON frontdesk_inbox (source, received);
CREATE INDEX frontdesk_inbox_with_body ON frontdesk_inbox (source, received)
    WHERE body IS NOT NULL;
CREATE INDEX frontdesk_inbox_open ON frontdesk_inbox (source, due, number, state, received)
    WHERE due IS NOT NULL;
CREATE INDEX frontdesk_inbox_in_order ON frontdesk_inbox (source, ordering, version, number)
    WHERE ordering <> '' AND due IS NOT NULL;
CREATE INDEX frontdesk_inbox_versions ON frontdesk_inbox (source, ordering, version)
    WHERE ordering <> '' AND state = 'processed';
