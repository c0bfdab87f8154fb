"""Narrow Protocols between the gateway and what stands behind it, with their value types."""
