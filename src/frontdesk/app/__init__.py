"""The composition root: the only package that knows every room and joins them.

What others use of it is here, and loaded when it is asked for: a command that only asks a running gateway
need not load one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from frontdesk.app.development import development_issuer as development_issuer
    from frontdesk.app.functions import function_definition as function_definition
    from frontdesk.app.functions import remote_settings as remote_settings
    from frontdesk.app.gateway import Frontdesk as Frontdesk
    from frontdesk.app.gateway import compile_offline as compile_offline
    from frontdesk.app.reloading import Effect as Effect

_HOMES: Final = {
    "Effect": "reloading",
    "Frontdesk": "gateway",
    "compile_offline": "gateway",
    "development_issuer": "development",
    "function_definition": "functions",
    "remote_settings": "functions",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
