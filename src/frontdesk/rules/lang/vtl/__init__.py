"""The Velocity Template Language in AWS's dialect: compiled once, rendered at a bounded cost.

template = compile_template("Hello $input.params('name')", where="request template")
text = template.render(variables(Input(body, params), context, stage_variables))
"""

from frontdesk.rules.lang.vtl.aws import Input, variables, written
from frontdesk.rules.lang.vtl.errors import TemplateError, TemplateLimitError
from frontdesk.rules.lang.vtl.meter import Limits
from frontdesk.rules.lang.vtl.template import Template, compile_template

__all__ = [
    "Input",
    "Limits",
    "Template",
    "TemplateError",
    "TemplateLimitError",
    "compile_template",
    "variables",
    "written",
]
