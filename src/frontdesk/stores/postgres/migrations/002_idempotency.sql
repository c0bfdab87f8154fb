CREATE TABLE frontdesk_idempotency (
    scope       BYTEA NOT NULL,             -- whose key, and for which route
    key         BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    epoch       BIGINT NOT NULL,            -- of the claim that may finish it; grows
    lease       DOUBLE PRECISION NOT NULL,  -- second since 1970 until which that claim holds
    expires     DOUBLE PRECISION NOT NULL,  -- second since 1970
    done        BOOLEAN NOT NULL DEFAULT false,
    status      SMALLINT,                   -- of the answer, null where it was too large to keep
    fields      BYTEA,                      -- JSON: [[name, value], …]
    body        BYTEA,
    PRIMARY KEY (scope, key)
);

CREATE INDEX frontdesk_idempotency_expires ON frontdesk_idempotency (expires);
