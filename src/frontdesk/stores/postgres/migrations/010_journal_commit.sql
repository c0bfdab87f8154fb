-- A group of operations of a journal is one call, and so one round trip: what it starts, and what it changes.
-- Each statement in here is planned once for a connection, and goes by an index at any size of its table:
-- a plan made while a table was small must not read it whole when it has grown.

-- Starts streams; gives their ids in the order of their names, null where there is one already or its owner is
-- none any more. The owners are held until the commit, against whoever drops them.
CREATE FUNCTION frontdesk_journal_start(
    kinds TEXT[], names TEXT[], digests BYTEA[], times FLOAT8[], statuses TEXT[], ends FLOAT8[],
    seqs BIGINT[], owners BIGINT[], dues FLOAT8[], heads BYTEA[],
    event_lists BYTEA[], command_lists BYTEA[], snapshot_documents BYTEA[]
) RETURNS BIGINT[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    able BIGINT[] := 0 || ARRAY(
        SELECT id FROM frontdesk_journal_owners WHERE id = ANY (owners) FOR KEY SHARE
    );
    ids BIGINT[];
BEGIN
    WITH inserted AS (
        INSERT INTO frontdesk_journal_streams
            (kind, name, digest, started, status, ended, seq, owner, due, head)
        SELECT * FROM unnest(
            kinds, names, digests, times, statuses, ends, seqs, owners, dues, heads
        ) AS new (kind, name, digest, started, status, ended, seq, owner, due, head)
        WHERE coalesce(new.owner, 0) = ANY (able)
        ON CONFLICT DO NOTHING RETURNING id, kind, name
    )
    SELECT array_agg(inserted.id ORDER BY new.number) INTO ids
    FROM unnest(kinds, names) WITH ORDINALITY AS new (kind, name, number)
        LEFT JOIN inserted USING (kind, name);

    INSERT INTO frontdesk_journal_appends (stream, first, events, commands)
    SELECT new.stream, 1, new.events, new.commands
    FROM unnest(ids, event_lists, command_lists) AS new (stream, events, commands)
    WHERE new.stream IS NOT NULL AND new.events IS NOT NULL;

    INSERT INTO frontdesk_journal_snapshots (stream, seq, snapshot)
    SELECT new.stream, new.seq, new.snapshot
    FROM unnest(ids, seqs, snapshot_documents) AS new (stream, seq, snapshot)
    WHERE new.stream IS NOT NULL AND new.snapshot IS NOT NULL;

    RETURN ids;
END
$$;

-- Changes streams, if each of them is as it was when the change was decided on; else nothing, and says false.
-- They are locked in one order, so that groups of several processes never wait for each other in a ring.
CREATE FUNCTION frontdesk_journal_change(
    ids BIGINT[], former_owners BIGINT[], former_statuses TEXT[], former_seqs BIGINT[],
    former_heads BYTEA[], statuses TEXT[], ends FLOAT8[], seqs BIGINT[], owners BIGINT[],
    dues FLOAT8[], heads BYTEA[],
    appended BIGINT[], firsts BIGINT[], event_lists BYTEA[], command_lists BYTEA[],
    covered BIGINT[], covered_seqs BIGINT[], snapshot_documents BYTEA[],
    posted BIGINT[], numbers BIGINT[], documents BYTEA[],
    taken BIGINT[], taken_numbers BIGINT[]
) RETURNS BOOLEAN LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    unchanged BIGINT := (
        SELECT count(*) FROM (
            SELECT FROM frontdesk_journal_streams AS stream
                JOIN unnest(ids, former_owners, former_statuses, former_seqs, former_heads)
                    AS former (id, owner, status, seq, head) USING (id)
            WHERE stream.owner IS NOT DISTINCT FROM former.owner
                AND stream.status = former.status AND stream.seq = former.seq
                AND stream.head = former.head
            ORDER BY stream.id FOR UPDATE OF stream
        ) AS locked
    );
BEGIN
    IF unchanged < cardinality(ids) THEN
        RETURN false;
    END IF;

    UPDATE frontdesk_journal_streams AS stream SET status = new.status, ended = new.ended,
        seq = new.seq, owner = new.owner, due = new.due, head = new.head
    FROM unnest(ids, statuses, ends, seqs, owners, dues, heads)
        AS new (id, status, ended, seq, owner, due, head)
    WHERE stream.id = new.id;

    INSERT INTO frontdesk_journal_appends (stream, first, events, commands)
    SELECT * FROM unnest(appended, firsts, event_lists, command_lists);

    IF cardinality(covered) > 0 THEN
        INSERT INTO frontdesk_journal_snapshots (stream, seq, snapshot)
        SELECT * FROM unnest(covered, covered_seqs, snapshot_documents)
        ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, snapshot = excluded.snapshot;
    END IF;

    IF cardinality(posted) > 0 THEN
        INSERT INTO frontdesk_journal_messages (stream, number, document)
        SELECT * FROM unnest(posted, numbers, documents);
    END IF;

    IF cardinality(taken) > 0 THEN
        DELETE FROM frontdesk_journal_messages AS message
        USING unnest(taken, taken_numbers) AS gone (stream, number)
        WHERE message.stream = gone.stream AND message.number <= gone.number;
    END IF;

    RETURN true;
END
$$;
