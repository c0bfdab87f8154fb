CREATE TABLE frontdesk_usage (
    day      TEXT COLLATE "C" NOT NULL,  -- 2026-11-21, of UTC
    key      TEXT COLLATE "C" NOT NULL,  -- id of the API key
    plan     TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    PRIMARY KEY (day, key, plan)
);
