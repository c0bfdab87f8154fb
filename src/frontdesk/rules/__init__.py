"""Pure cores. They take values and return values: no I/O, no clock, no randomness of their own."""
