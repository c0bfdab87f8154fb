"""A real Frontdesk for tests: in this process or in one of its own, called over real sockets."""
