"""One state, tried by itself: the pure part of TestState."""
