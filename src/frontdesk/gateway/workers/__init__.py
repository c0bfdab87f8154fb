"""The way between a supervisor and its workers: a Unix socket each, orders one way, calls of functions the other."""
