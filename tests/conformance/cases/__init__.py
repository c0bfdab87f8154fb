"""The adapter by which recorded cases run against Frontdesk."""
