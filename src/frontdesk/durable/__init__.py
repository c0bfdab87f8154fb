"""What must survive a crash: the driver of the journal, and what it drives."""
