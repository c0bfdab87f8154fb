"""The rivals, one file each: their configuration as text, and how they are started."""
