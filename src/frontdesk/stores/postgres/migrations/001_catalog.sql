CREATE TABLE frontdesk_catalog (
    kind     TEXT COLLATE "C" NOT NULL,
    key      TEXT COLLATE "C" NOT NULL,
    version  BIGINT NOT NULL,            -- counts from 1 for each kind and key
    time     DOUBLE PRECISION NOT NULL,  -- of the put, seconds since 1970
    document JSON NOT NULL,              -- an object
    PRIMARY KEY (kind, key, version)
);

CREATE TABLE frontdesk_changes (
    kind   TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL               -- of commits that have changed documents of this kind
);
