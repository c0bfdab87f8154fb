"""Frontdesk: one door for a company's APIs.

Importing this package loads nothing else: the command line, the gateway and the
function host each import only the rooms that they use.
"""

__version__ = "0.1.0"
