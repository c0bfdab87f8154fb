"""Ports kept in Redis (or Valkey), which several gateways share. Needs the extra `redis`."""
