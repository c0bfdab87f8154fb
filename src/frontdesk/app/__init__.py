"""The composition root: the only package that knows every room and joins them."""

from frontdesk.app.admin import development_issuer
from frontdesk.app.functions import function_definition
from frontdesk.app.gateway import Frontdesk, compile_offline

__all__ = ["Frontdesk", "compile_offline", "development_issuer", "function_definition"]
