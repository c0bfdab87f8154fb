"""Schedules: each is a stream of the journal, whose timer is its next time."""
