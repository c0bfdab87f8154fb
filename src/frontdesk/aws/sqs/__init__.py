"""The SQS API: queues that are made through it, messages, dead letters moved back."""
