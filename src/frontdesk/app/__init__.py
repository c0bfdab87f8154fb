"""The composition root: the only package that knows every room and joins them."""

from frontdesk.app.admin import development_issuer
from frontdesk.app.functions import function_definition, remote_settings
from frontdesk.app.gateway import Frontdesk, compile_offline
from frontdesk.app.reloading import Effect

__all__ = [
    "Effect",
    "Frontdesk",
    "compile_offline",
    "development_issuer",
    "function_definition",
    "remote_settings",
]
