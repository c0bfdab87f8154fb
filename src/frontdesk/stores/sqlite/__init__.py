"""Ports kept in one SQLite file: `frontdesk.db` in the data folder."""
