CREATE TABLE frontdesk_webhook_applications (
    id      TEXT COLLATE "C" PRIMARY KEY,
    name    TEXT NOT NULL,
    created DOUBLE PRECISION NOT NULL  -- seconds since 1970, as all times here
);

CREATE TABLE frontdesk_webhook_endpoints (
    id       TEXT COLLATE "C" PRIMARY KEY,
    app      TEXT COLLATE "C" NOT NULL
        REFERENCES frontdesk_webhook_applications ON DELETE CASCADE,
    created  DOUBLE PRECISION NOT NULL,
    version  BIGINT NOT NULL,
    document BYTEA NOT NULL,             -- what it is, as JSON
    disabled TEXT NOT NULL DEFAULT '',   -- why; '': it is not
    failing  DOUBLE PRECISION,           -- since when without a success
    failed   DOUBLE PRECISION,           -- the last time
    paused   DOUBLE PRECISION NOT NULL DEFAULT 0,  -- until when
    "full"   BIGINT NOT NULL DEFAULT 0   -- when its bucket is full again, in nanoseconds
) WITH (fillfactor = 70);

CREATE INDEX frontdesk_webhook_endpoints_of_application ON frontdesk_webhook_endpoints (app, id);

CREATE TABLE frontdesk_webhook_messages (
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       TEXT COLLATE "C" NOT NULL UNIQUE,
    app      TEXT COLLATE "C" NOT NULL
        REFERENCES frontdesk_webhook_applications ON DELETE CASCADE,
    type     TEXT COLLATE "C" NOT NULL,
    payload  BYTEA NOT NULL,
    created  DOUBLE PRECISION NOT NULL,
    event    TEXT COLLATE "C" NOT NULL,
    channels TEXT[] NOT NULL
);

CREATE INDEX frontdesk_webhook_messages_of_application ON frontdesk_webhook_messages (app, number);
CREATE INDEX frontdesk_webhook_messages_created ON frontdesk_webhook_messages (created);

CREATE TABLE frontdesk_webhook_events (
    app     TEXT COLLATE "C" NOT NULL
        REFERENCES frontdesk_webhook_applications ON DELETE CASCADE,
    event   TEXT COLLATE "C" NOT NULL,   -- what a repetition is known by
    message TEXT COLLATE "C" NOT NULL,   -- id
    digest  BYTEA NOT NULL,
    since   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (app, event)
);

CREATE INDEX frontdesk_webhook_events_since ON frontdesk_webhook_events (since);

CREATE TABLE frontdesk_webhook_deliveries (
    number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- none is given twice: it is what fences
    message  BIGINT NOT NULL REFERENCES frontdesk_webhook_messages ON DELETE CASCADE,
    endpoint TEXT COLLATE "C" NOT NULL REFERENCES frontdesk_webhook_endpoints ON DELETE CASCADE,
    state    TEXT COLLATE "C" NOT NULL,
    due      DOUBLE PRECISION,           -- null at rest; of what is being sent, the end of the lease
    epoch    BIGINT NOT NULL DEFAULT 0,
    tries    BIGINT NOT NULL DEFAULT 0,  -- attempts of this course
    attempts BIGINT NOT NULL DEFAULT 0,  -- of all
    UNIQUE (message, endpoint)
) WITH (fillfactor = 70);

CREATE INDEX frontdesk_webhook_deliveries_due ON frontdesk_webhook_deliveries (endpoint, due, number)
    WHERE due IS NOT NULL;
CREATE INDEX frontdesk_webhook_deliveries_sending ON frontdesk_webhook_deliveries (endpoint, due)
    WHERE state = 'sending';
CREATE INDEX frontdesk_webhook_deliveries_of_endpoint
    ON frontdesk_webhook_deliveries (endpoint, number);

CREATE TABLE frontdesk_webhook_attempts (
    delivery BIGINT NOT NULL REFERENCES frontdesk_webhook_deliveries ON DELETE CASCADE,
    number   BIGINT NOT NULL,
    at       DOUBLE PRECISION NOT NULL,
    seconds  DOUBLE PRECISION NOT NULL,
    status   BIGINT NOT NULL,
    error    TEXT NOT NULL,
    address  TEXT NOT NULL,
    head     BYTEA NOT NULL,             -- of the answer, as is its body
    body     BYTEA NOT NULL,
    PRIMARY KEY (delivery, number)
);
