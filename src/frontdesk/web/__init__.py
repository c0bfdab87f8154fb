"""The operator's console: pages over the admin API, for a browser."""
