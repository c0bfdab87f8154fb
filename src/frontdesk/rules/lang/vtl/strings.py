"""Owns the methods of Java's String, regular expressions in linear time among them."""

import re
from collections.abc import Iterator
from typing import Any, Final

from frontdesk.rules.lang.patterns import PatternError, compile_pattern
from frontdesk.rules.lang.vtl.kinds import JavaError, Kind, methods
from frontdesk.rules.lang.vtl.meter import Meter
from frontdesk.rules.lang.vtl.values import ArrayList, text_of

BLANKS: Final = "".join(map(chr, range(33)))
"""What Java trims: everything up to the blank."""

SEARCHED_PER_STEP: Final = 1024
"""So many characters a regular expression reads in the time of a few steps."""

STEPS_PER_MATCH: Final = 10
"""Beside those for what it reads."""

_UNBOUNDED: Final = re.compile(r"[*+]|\{\d+,\}")
_PLAIN: Final = re.compile(r"[^.^$*+?()\[\]{}\\|]+")
_ESCAPED: Final = re.compile(r"\\([^A-Za-z0-9])")
_REPLACEMENT: Final = re.compile(r"\\(.)|\$(?:(\d)|\{([A-Za-z][A-Za-z0-9]*)\})|[^\\$]+", re.DOTALL)


def usable_pattern(pattern: str) -> Any:
    """Compile a pattern that a method was given. Raises: JavaError."""
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise JavaError(error.message, hint=error.hint) from error


def _literal(pattern: str) -> str | None:
    r"""Return the text that a pattern means where it means just one text, as `,` and `\.` do."""
    text = _ESCAPED.sub("", pattern)
    return _ESCAPED.sub(r"\1", pattern) if not text or _PLAIN.fullmatch(text) else None


def _found(meter: Meter, text: str, pattern: str) -> Iterator[Any]:
    """Find every place that matches. An expression may read to the end of the text for each."""
    unbounded = bool(_UNBOUNDED.search(pattern))
    for match in usable_pattern(pattern).finditer(text):
        left = len(text) - match.end() if unbounded else 0
        meter.spend(STEPS_PER_MATCH + left // SEARCHED_PER_STEP)
        yield match


def _replace(meter: Meter, text: str, old: str, new: str) -> str:
    count = text.count(old)
    meter.spend(count)
    meter.reserve(len(text) + count * (len(new) - len(old)))
    return text.replace(old, new)


def _replace_all(meter: Meter, text: str, pattern: str, replacement: str, most: int = 0) -> str:
    old = _literal(pattern)
    if old and not most and "$" not in replacement and "\\" not in replacement:
        return _replace(meter, text, old, replacement)
    _check(replacement)
    parts, end = [], 0
    for match in _found(meter, text, pattern):
        parts.append(text[end : match.start()])
        parts.append(meter.make(_expanded(match, replacement)))
        end = match.end()
        if most:
            break
    return "".join(parts) + text[end:]


def _check(replacement: str) -> None:
    """Raise for a replacement that Java would refuse."""
    if _REPLACEMENT.sub("", replacement):
        raise JavaError(
            f"replacement not understood: {replacement[:100]}",
            hint="write $1 for a group, and \\$ for a dollar sign",
        )


def _expanded(match: Any, replacement: str) -> str:
    """Put groups into a replacement, `$1` and `${name}` in Java's way."""

    def part(found: re.Match[str]) -> str:
        escaped, number, name = found.groups()
        if escaped is not None:
            return escaped
        if number is None and name is None:
            return found[0]
        try:
            return match[int(number) if number is not None else name] or ""
        except IndexError as error:
            raise JavaError(f"no such group in the regular expression: {found[0]}") from error

    return _REPLACEMENT.sub(part, replacement)


def _replace_first(meter: Meter, text: str, pattern: str, replacement: str) -> str:
    return _replace_all(meter, text, pattern, replacement, 1)


def _matches(meter: Meter, text: str, pattern: str) -> bool:
    meter.spend(STEPS_PER_MATCH + len(text) // SEARCHED_PER_STEP)
    return usable_pattern(pattern).fullmatch(text) is not None


def _split(meter: Meter, text: str, pattern: str, limit: int = 0) -> ArrayList:
    """Split as Java does: no empty text at the end unless `limit` is below 0; none before a match of nothing."""
    literal = _literal(pattern)
    if literal:
        meter.spend(text.count(literal))
        pieces = text.split(literal, limit - 1 if limit > 0 else -1)
    else:
        pieces, end = [], 0
        for match in _found(meter, text, pattern):
            if limit > 0 and len(pieces) == limit - 1:
                break
            if match.end() > 0 and match.start() < len(text):
                pieces.append(text[end : match.start()])
                end = match.end()
        pieces.append(text[end:])
    while limit == 0 and len(pieces) > 1 and not pieces[-1]:
        pieces.pop()
    meter.reserve(len(text))
    return ArrayList([] if limit == 0 and text and pieces == [""] else pieces)


def _substring(_meter: Meter, text: str, begin: int, end: int | None = None) -> str:
    last = len(text) if end is None else end
    if not 0 <= begin <= last <= len(text):
        raise JavaError(f"substring({begin}, {last}) of a text of {len(text)} characters")
    return text[begin:last]


def _repeat(meter: Meter, text: str, count: int) -> str:
    if count < 0:
        raise JavaError(f"repeat({count})")
    meter.reserve(len(text) * count)
    return text * count


def _char_at(_meter: Meter, text: str, index: int) -> str:
    if not 0 <= index < len(text):
        raise JavaError(f"charAt({index}) of a text of {len(text)} characters")
    return text[index]


def _compare(meter: Meter, text: str, other: str) -> int:
    """Return how far apart the first characters are that differ, else how much longer the text is."""
    meter.spend(min(len(text), len(other)))
    for one, two in zip(text, other, strict=False):
        if one != two:
            return ord(one) - ord(two)
    return len(text) - len(other)


def _join(meter: Meter, text: str, items: list[Any]) -> str:
    meter.spend(len(items))
    texts = [text_of(item, meter) for item in items]
    meter.reserve(len(text) * len(texts))
    return text.join(texts)


STRING: Final = Kind(
    get=lambda text, name: not text if name == "empty" else None,
    methods=methods(
        ("charAt", _char_at, int),
        ("compareTo", _compare, str),
        ("compareToIgnoreCase", lambda m, s, o: _compare(m, s.lower(), o.lower()), str),
        ("concat", lambda _, s, other: s + other, str),
        ("contains", lambda _, s, part: part in s, str),
        ("endsWith", lambda _, s, end: s.endswith(end), str),
        ("equals", lambda _, s, other: isinstance(other, str) and s == other, object),
        ("equalsIgnoreCase", lambda _, s, other: s.lower() == other.lower(), str),
        ("indexOf", lambda _, s, part: s.find(part), str),
        ("indexOf", lambda _, s, part, begin: s.find(part, max(begin, 0)), str, int),
        ("isBlank", lambda _, s: not s.strip()),
        ("isEmpty", lambda _, s: not s),
        ("join", lambda m, _, by, items: _join(m, by, items), str, list),
        ("lastIndexOf", lambda _, s, part: s.rfind(part), str),
        ("lastIndexOf", lambda _, s, part, at: s.rfind(part, 0, max(at + len(part), 0)), str, int),
        ("length", lambda _, s: len(s)),
        ("matches", _matches, str),
        ("repeat", _repeat, int),
        ("replace", _replace, str, str),
        ("replaceAll", _replace_all, str, str),
        ("replaceFirst", _replace_first, str, str),
        ("split", _split, str),
        ("split", _split, str, int),
        ("startsWith", lambda _, s, begin: s.startswith(begin), str),
        ("startsWith", lambda _, s, begin, at: at >= 0 and s.startswith(begin, at), str, int),
        ("strip", lambda _, s: s.strip()),
        ("stripLeading", lambda _, s: s.lstrip()),
        ("stripTrailing", lambda _, s: s.rstrip()),
        ("subSequence", _substring, int, int),
        ("substring", _substring, int),
        ("substring", _substring, int, int),
        ("toLowerCase", lambda _, s: s.lower()),
        ("toString", lambda _, s: s),
        ("toUpperCase", lambda _, s: s.upper()),
        ("trim", lambda _, s: s.strip(BLANKS)),
        ("valueOf", lambda m, _, value: text_of(value, m) if value is not None else "null", object),
    ),
)
