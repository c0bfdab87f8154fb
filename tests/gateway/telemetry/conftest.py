"""Exchanges as the pipeline leaves them."""

from tests.gateway.pipeline.conftest import make_exchange

__all__ = ["make_exchange"]
