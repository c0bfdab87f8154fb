"""Turns what others' tools say of an API into our configuration, and lists what it could not carry."""
