"""What each type of state does: one file per type, each with `work` and what it does with answers."""
