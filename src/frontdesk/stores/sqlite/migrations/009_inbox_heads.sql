-- Who looks for what is due passes over those that wait for one of their ordering, by the index alone.
DROP INDEX inbox_open;
CREATE INDEX inbox_open ON inbox (source, due, number, state, received, ordering)
    WHERE due IS NOT NULL;
CREATE INDEX inbox_in_processing ON inbox (source, ordering)
    WHERE ordering <> '' AND state = 'processing';
