"""Webhooks as values: which schemes there are, what verifies, what signs, which handshakes vendors make."""
