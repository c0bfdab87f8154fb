"""One file per integration type: the last stage of a route's head."""
