"""Queues at work: who they are, waiting for messages, functions that are called with them, dead letters."""
