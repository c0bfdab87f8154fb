"""Executions of state machines as durable work: their streams, their lives, and the service that starts them."""
