"""Deals with webhooks that were taken: functions, state machines, queues and tasks that wait for them."""
