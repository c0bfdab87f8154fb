"""Schedules: their expressions, the instants that they come to, and what a target gets. Pure."""
