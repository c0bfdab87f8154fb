"""One request in order: exchange, plan, stages, integrations. Knows no socket and no child process."""
