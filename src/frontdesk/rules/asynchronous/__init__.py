"""Asynchronous invocations: when they are tried again, how they end, what is told of the end."""
