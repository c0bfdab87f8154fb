"""Rules of HTTP that need no connection: paths, forwarding, CORS, fields, dates, ranges."""
