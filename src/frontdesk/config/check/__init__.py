"""Lint: what is valid but will hurt. Public: `check`."""

from frontdesk.config.check.lints import check

__all__ = ["check"]
