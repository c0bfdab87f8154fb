"""Ports kept in this process: gone when it ends."""
