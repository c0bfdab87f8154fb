"""Owns the two verbs: compile a template once, render it as often as one likes."""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.rules.lang.vtl.aws import CHECKS, KINDS
from frontdesk.rules.lang.vtl.compile import Compiler
from frontdesk.rules.lang.vtl.errors import TemplateError, TemplateLimitError
from frontdesk.rules.lang.vtl.meter import Limits
from frontdesk.rules.lang.vtl.state import Body, State, Stopped

LONGEST: Final = 300 * 1024
"""Characters of a template: AWS's limit."""

_LIMITS: Final = Limits()


class Template:
    """A compiled template. It keeps nothing of a rendering."""

    __slots__ = ("_body", "_where")

    def __init__(self, body: Body, where: str) -> None:
        self._body = body
        self._where = where

    def render(self, data: Mapping[str, Any], limits: Limits = _LIMITS) -> str:
        """Render with variables by name, such as `variables` makes them.

        The values may be changed by the template, the mapping itself is not.
        Raises: TemplateError, TemplateLimitError.
        """
        state = State(limits, dict(data))
        try:
            self._body.run_inside(state)
        except Stopped:
            pass
        except TemplateLimitError as error:
            raise TemplateLimitError(error.message, where=self._where) from error
        except RecursionError as error:
            # Each limit of depth is small, but their product is more than Python's stack.
            raise TemplateLimitError("the template nests too deeply", where=self._where) from error
        if sum(map(len, state.out)) > limits.output:
            message = f"the template writes more than {limits.output:,} characters"
            raise TemplateLimitError(message, where=self._where)
        return "".join(state.out)


def compile_template(text: str, *, where: str = "") -> Template:
    """Compile a template of AWS's dialect of VTL. where: its name, for errors.

    Raises: TemplateError.
    """
    if len(text) > LONGEST:
        raise TemplateError(f"template longer than {LONGEST:,} characters", where=where)
    return Template(Compiler(text, where, KINDS, CHECKS).template(), where)
