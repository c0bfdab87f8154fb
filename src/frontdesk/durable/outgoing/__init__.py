"""Outgoing webhooks: endpoints and messages, and the sending of these."""
