"""Owns access policies as IAM writes them: read once, then evaluated for each request. Pure.

A statement this file does not understand makes the whole policy unusable: nothing is ever allowed by
an element that was passed over. Sources: AWS IAM User Guide, "Policy evaluation logic", "IAM JSON policy
elements"; API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer".
"""

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

INVOKE = "execute-api:Invoke"

MAX_STATEMENTS = 200

Facts = Mapping[str, str]
"""What conditions may ask, by lower-case key: `aws:sourceip`, `aws:useragent`, `aws:referer`,
`aws:currenttime` (ISO 8601), `aws:epochtime`, `aws:securetransport` ("true", "false"). Absent: not known."""

Caller = tuple[str, ...]
"""The names that a caller has for a policy: its ARN, its account and the ARN of that. (): an unknown one."""

Test = Callable[[str], bool]


class Decision(Enum):
    """What a policy says of one request. Only ALLOW lets it in."""

    ALLOW = "allow"
    DENY = "explicit_deny"
    NONE = "no_statement"


@dataclass(frozen=True, slots=True)
class Statement:
    """One compiled statement. caller: None where it is for all."""

    allow: bool
    action: Test
    resource: Test
    caller: Callable[[Caller], bool] | None
    conditions: tuple[Callable[[Facts], bool], ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy document."""

    statements: tuple[Statement, ...]

    @property
    def asks_facts(self) -> bool:
        """Whether any statement has conditions."""
        return any(statement.conditions for statement in self.statements)

    def decide(
        self, resource: str, facts: Facts, action: str = INVOKE, caller: Caller = ()
    ) -> Decision:
        """Evaluate: an explicit deny wins, then any allow; silence allows nothing."""
        decision = Decision.NONE
        for statement in self.statements:
            if (
                statement.action(action)
                and statement.resource(resource)
                and (statement.caller is None or statement.caller(caller))
                and all(holds(facts) for holds in statement.conditions)
            ):
                if not statement.allow:
                    return Decision.DENY
                decision = Decision.ALLOW
        return decision


def read_policy(document: object, expand: Callable[[str], str] | None = None) -> Policy | None:
    """Compile a policy document, or None when it is not one that can be evaluated to the letter.

    expand: makes whole ARNs of what a resource's own policy names; only such a policy, where all statements
    must, may name callers.
    """
    if not isinstance(document, dict) or not set(document) <= {"Version", "Id", "Statement"}:
        return None
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        return None
    written = document.get("Statement")
    statements = written if isinstance(written, list) else [written]
    if len(statements) > MAX_STATEMENTS:
        return None
    try:
        return Policy(tuple(_statement(each, expand) for each in statements))
    except (ValueError, OverflowError):
        return None


# Differs: [strict-policies] AWS does not say what becomes of others.
_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPALS: Final = frozenset({"Principal", "NotPrincipal"})


def _statement(written: object, expand: Callable[[str], str] | None) -> Statement:
    known = _ELEMENTS if expand is None else _ELEMENTS | _PRINCIPALS
    if not isinstance(written, dict) or not set(written) <= known:
        raise ValueError("not a statement")
    effect = written.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise ValueError("no effect")
    return Statement(
        allow=effect == "Allow",
        action=_either(written, "Action", lambda texts: _any_glob(texts, re.IGNORECASE)),
        resource=_either(
            written, "Resource", lambda texts: _any_glob([*map(expand or str, texts)])
        ),
        caller=None if expand is None else _caller(written),
        conditions=_conditions(written.get("Condition", {})),
    )


def _caller(written: Mapping[str, Any]) -> Callable[[Caller], bool]:
    """Compile `Principal` or `NotPrincipal`: exactly one must be there."""
    if len(_PRINCIPALS & set(written)) != 1:
        raise ValueError("exactly one is needed", "Principal")
    said = written.get("Principal", written.get("NotPrincipal"))
    kinds = {"AWS": "*"} if said == "*" else said
    if not isinstance(kinds, dict) or not set(kinds) <= {"AWS", "Federated", "Service"}:
        raise ValueError("not a principal")
    named = frozenset(name for texts in kinds.values() for name in _texts(texts))
    if "Principal" in written:
        return lambda caller: "*" in named or not named.isdisjoint(caller)
    return lambda caller: "*" not in named and named.isdisjoint(caller)


def _either(written: Mapping[str, Any], name: str, compile_: Callable[[list[str]], Test]) -> Test:
    """Compile `Action` or `NotAction` (`Resource` or `NotResource`): exactly one must be there."""
    negated = f"Not{name}"
    if (name in written) == (negated in written):
        raise ValueError("exactly one is needed", name)
    any_of = compile_(_texts(written.get(name, written.get(negated))))
    return any_of if name in written else lambda text: not any_of(text)


def _texts(value: object) -> list[str]:
    written = value if isinstance(value, list) else [value]
    texts = [text for text in written if isinstance(text, str)]
    if not texts or len(texts) != len(written):
        raise ValueError("not a text or list of texts")
    return [_plain(text) for text in texts]


def _plain(text: str) -> str:
    """Refuse a policy variable, such as `${aws:username}`: taken as it stands, it would match nobody."""
    if "${" in text:
        raise ValueError("policy variables are not read", text)
    return text


def _any_glob(globs: list[str], flags: int = 0) -> Test:
    matches = [glob(each, flags) for each in globs]
    return matches[0] if len(matches) == 1 else lambda text: any(match(text) for match in matches)


def glob(pattern: str, flags: int = 0) -> Test:
    """Compile a pattern in which `*` stands for any run, `/` and `:` included, and `?` for one character.

    The expression has no backtracking: fnmatch writes atomic groups.
    """
    found = re.compile(fnmatch.translate(pattern.replace("[", "[[]")), flags).match
    return lambda text: found(text) is not None


# -- conditions ----------------------------------------------------------------------------------------


def _conditions(written: object) -> tuple[Callable[[Facts], bool], ...]:
    if not isinstance(written, dict):
        raise ValueError("not a condition")  # noqa: TRY004 - bad input, not a bug
    return tuple(
        _condition(operator, key, value)
        for operator, keys in written.items()
        for key, value in _members(keys)
    )


def _members(keys: object) -> list[tuple[str, object]]:
    if not isinstance(keys, dict):
        raise ValueError("not a condition")  # noqa: TRY004
    return list(keys.items())


def _condition(operator: str, key: str, value: object) -> Callable[[Facts], bool]:
    key = key.lower()
    values = [_scalar(each) for each in (value if isinstance(value, list) else [value])]
    if operator == "Null":
        absent = _booleans(values)(_TRUE)
        return lambda facts: (key not in facts) == absent
    name = operator.removesuffix("IfExists")
    if name not in _OPERATORS:
        raise ValueError("unknown operator", operator)
    compile_, negated = _OPERATORS[name]
    if key not in _ASKED_BY.get(name.removeprefix("Not")[:4], {key}):
        raise ValueError("operator does not fit the key", operator, key)
    any_of = compile_(values)
    if_absent = negated or name != operator  # a negated operator holds for a key that is not there

    def holds(facts: Facts) -> bool:
        fact = facts.get(key)
        return if_absent if fact is None else any_of(fact) != negated

    return holds


_TRUE = "true"

_ASKED_BY: Final[Mapping[str, Container[str]]] = {
    "Bool": ("aws:securetransport",),
    "Date": ("aws:currenttime", "aws:epochtime"),
    "IpAd": ("aws:sourceip",),
    "Nume": ("aws:epochtime",),
}
"""Beginning of an operator to the keys whose values it can read. Text operators read any."""


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return _plain(str(value))
    raise ValueError("not a condition value")


def _equal(values: list[str]) -> Test:
    return frozenset(values).__contains__


def _equal_ignoring_case(values: list[str]) -> Test:
    lower = frozenset(value.lower() for value in values)
    return lambda fact: fact.lower() in lower


def _booleans(values: list[str]) -> Test:
    if not set(values) <= {"true", "false"}:
        raise ValueError("not a boolean")
    return _equal(values)


def _networks(values: list[str]) -> Test:
    networks = [ipaddress.ip_network(value, strict=False) for value in values]

    def within(fact: str) -> bool:
        address = ipaddress.ip_address(fact)
        return any(address in network for network in networks)

    return within


def _instant(text: str) -> float:
    """Read ISO 8601 or epoch seconds."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no zone") from None
        return moment.timestamp()


def _compare(
    read: Callable[[str], float], holds: Callable[[float, float], bool]
) -> Callable[[list[str]], Test]:
    def compile_(values: list[str]) -> Test:
        numbers = [read(value) for value in values]

        def compared(fact: str) -> bool:
            number = read(fact)
            return any(holds(number, other) for other in numbers)

        return compared

    return compile_


_COMPARISONS: Final[Mapping[str, tuple[Callable[[float, float], bool], bool]]] = {
    "Equals": (float.__eq__, False),
    "NotEquals": (float.__eq__, True),
    "LessThan": (float.__lt__, False),
    "LessThanEquals": (float.__le__, False),
    "GreaterThan": (float.__gt__, False),
    "GreaterThanEquals": (float.__ge__, False),
}

_OPERATORS: Final[Mapping[str, tuple[Callable[[list[str]], Test], bool]]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equal_ignoring_case, True),
    "StringLike": (_any_glob, False),
    "StringNotLike": (_any_glob, True),
    "ArnEquals": (_any_glob, False),
    "ArnLike": (_any_glob, False),
    "ArnNotEquals": (_any_glob, True),
    "ArnNotLike": (_any_glob, True),
    "Bool": (_booleans, False),
    "IpAddress": (_networks, False),
    "NotIpAddress": (_networks, True),
    **{f"Numeric{name}": (_compare(float, test), no) for name, (test, no) in _COMPARISONS.items()},
    **{f"Date{name}": (_compare(_instant, test), no) for name, (test, no) in _COMPARISONS.items()},
}
"""Operator to how its values compile, and whether it is a negation."""
