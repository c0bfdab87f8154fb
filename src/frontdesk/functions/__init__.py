"""Functions: unmodified Lambda handlers in child processes, forked clean, one event at a time."""
