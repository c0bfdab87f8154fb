"""Asynchronous invocations at work: kept in queues of their own, tried until they are over, told of to others."""
