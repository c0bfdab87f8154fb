CREATE TABLE usage (
    day      TEXT NOT NULL,     -- 2026-11-21, of UTC
    key      TEXT NOT NULL,     -- id of the API key
    plan     TEXT NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (day, key, plan)
) STRICT, WITHOUT ROWID;
