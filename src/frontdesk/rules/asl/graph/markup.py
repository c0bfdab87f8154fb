"""Owns how texts and numbers are written in SVG."""

from html import escape


def text(written: str) -> str:
    """Escape a text; signs that XML cannot have become the sign for those that cannot be shown."""
    return escape(
        "".join(sign if _is_xml(sign) else "\N{REPLACEMENT CHARACTER}" for sign in written)
    )


def _is_xml(sign: str) -> bool:
    """Whether XML 1.0 can have a sign: no control character, no half of a surrogate pair."""
    return (
        sign in "\t\n\r"
        or " " <= sign < "\ud800"
        or (sign >= "\ue000" and sign not in "\ufffe\uffff")
    )


def number(value: float) -> str:
    """Write a number, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
