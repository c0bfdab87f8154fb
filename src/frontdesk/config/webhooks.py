"""Owns what webhooks of a file are held to, and what they are in the words of `rules.webhooks`.

Models ask for it with the first webhook of a file, since it comes with all schemes and their cryptography.
"""

from difflib import get_close_matches

from frontdesk.config.models.model import HintedError, broken_rule
from frontdesk.config.models.webhook import CustomScheme, Webhook
from frontdesk.rules.webhooks.forms.plain import check_template
from frontdesk.rules.webhooks.handshakes import HANDSHAKES
from frontdesk.rules.webhooks.keys import read_keys
from frontdesk.rules.webhooks.scheme import Scheme, custom_scheme, is_certified
from frontdesk.rules.webhooks.schemes import UnknownSchemeError, find_scheme
from frontdesk.rules.webhooks.sources import Source, read_source


def scheme_name(name: str) -> str:
    """Demand a name of the table of schemes. Raises: HintedError."""
    try:
        find_scheme(name)
    except UnknownSchemeError as error:
        raise HintedError("expected a scheme for webhooks", error.hint.replace("'", "")) from None
    return name


def place(text: str) -> str:
    """Demand what `read_source` reads. Raises: ValueError."""
    read_source(text)
    return text


def place_or_none(text: str) -> str:
    """Demand a place, or nothing at all. Raises: ValueError."""
    return text and place(text)


def selector(text: str) -> str:
    """Demand a place of a delivery, with its $. Raises: HintedError."""
    try:
        read_source(text.removeprefix("$") if text.startswith("$") else "")
    except ValueError:
        raise HintedError(
            "expected a place in the delivery such as $body.data.object.id",
            "a header is $header.NAME",
        ) from None
    return text


def source_of(text: str) -> Source:
    """Make what finds the value of a `DeliverySelector`."""
    return read_source(text.removeprefix("$"))


def template(text: str) -> str:
    """Demand a template of what is signed. Raises: ValueError."""
    check_template(text)
    return text


def vendor(name: str) -> str:
    """Demand a vendor who asks before it sends. Raises: HintedError."""
    if name not in HANDSHAKES:
        near = get_close_matches(name, HANDSHAKES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(HANDSHAKES)}"
        raise HintedError("expected a vendor with a handshake", hint)
    return name


def scheme_of(scheme: str | CustomScheme) -> Scheme:
    """Find a scheme of the table, or make one. Raises: PydanticCustomError where its keys do not go together."""
    if isinstance(scheme, str):
        return find_scheme(scheme)
    try:
        return custom_scheme(**scheme.model_dump(), name="custom")
    except ValueError as error:
        raise broken_rule(str(error)) from None


def demand_what_verifies(hook: Webhook) -> None:
    """Demand secrets, or authorities, that fit the scheme. Raises: PydanticCustomError."""
    if is_certified(hook.row.form):
        return
    if hook.ca is not None:
        raise broken_rule("expected ca with the schemes aws-sns and paypal only")
    try:
        read_keys(hook.row.key, hook.keys)
    except ValueError as error:
        raise broken_rule(f"cannot verify: {error}") from None
