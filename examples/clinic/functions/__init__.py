"""The clinic's functions: plain Lambda handlers."""
