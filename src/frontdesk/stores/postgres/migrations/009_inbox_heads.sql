-- Who looks for what is due passes over those that wait for one of their ordering, by the index alone.
DROP INDEX frontdesk_inbox_open;
CREATE INDEX frontdesk_inbox_open
    ON frontdesk_inbox (source, due, number, state, received, ordering) WHERE due IS NOT NULL;
CREATE INDEX frontdesk_inbox_in_processing ON frontdesk_inbox (source, ordering)
    WHERE ordering <> '' AND state = 'processing';
