"""Ports kept in PostgreSQL, which several gateways share. Needs the extra `postgres`."""
