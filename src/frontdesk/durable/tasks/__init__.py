"""Who does the tasks of state machines: one file per kind of resource."""
