"""Reads `serverless.yml`: its variables, and what its functions and events are in SAM's words."""
