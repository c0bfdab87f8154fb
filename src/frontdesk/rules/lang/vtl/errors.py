"""Owns the errors of templates: what cannot be read, what cannot be done, what costs too much."""

from frontdesk.base.errors import FrontdeskError


class TemplateError(FrontdeskError):
    """A template that cannot be read or rendered.

    The message begins with the place, `line:column: `, both counted from 1, and with the name of the
    template before it where it has one. line, column: 0 where no single place is to blame.
    """

    code = "template"

    def __init__(
        self, message: str, *, where: str = "", line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        place = ":".join(str(part) for part in (where, line, column) if part)
        super().__init__(f"{place}: {message}" if place else message, hint=hint)
        self.reason = message
        self.line = line
        self.column = column


class TemplateLimitError(TemplateError):
    """A template that would take too long, nest too deeply or write too much; see `Limits`."""

    code = "template_limit"
