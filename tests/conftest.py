"""Owns what all tests begin with: how property tests draw, and that Ctrl-C means something.

Property tests draw the same examples in each run, so that what holds a change back is the change.
`pytest --hypothesis-profile default` looks for new ones; what it finds becomes an example of its test.
"""

import signal

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.load_profile("gate")

# A shell has what it starts in the background ignore SIGINT, and so would the processes that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
