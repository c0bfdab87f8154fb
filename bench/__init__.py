"""Frontdesk beside its peers in one run: throughput, latency, memory, system calls, as ratios."""
