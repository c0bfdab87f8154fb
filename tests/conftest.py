"""Owns how property tests draw: the same examples in each run, so that what holds a change back is the change.

`pytest --hypothesis-profile default` looks for new ones; what it finds becomes an example of its test.
"""

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.load_profile("gate")
