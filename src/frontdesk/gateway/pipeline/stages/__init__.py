"""One file per stage. A builder returns a step that holds only what its route enables, or None."""
