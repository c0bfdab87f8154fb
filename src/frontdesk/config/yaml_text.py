"""Owns writing plain values as YAML that `yaml_source` reads back as they were, for people."""

from typing import Any

import yaml

from frontdesk.config.yaml_source import plain_value


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and quotes all that YAML 1.2 would take for no text."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the base's signature
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    lines = text.split("\n")
    if not all(line.isprintable() for line in lines) or not isinstance(plain_value(text), str):
        style: str | None = '"'
    else:
        style = "|" if len(lines) > 1 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write_yaml(value: dict[str, Any]) -> str:
    """Write a mapping, its keys in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
