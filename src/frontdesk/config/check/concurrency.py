"""Finds shares of concurrency that cannot be had, with the refusals that Lambda gives."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.rules.concurrency import (
    Share,
    overlap_refused,
    provision_refused,
    reservation_refused,
)


def reserved_beyond_pool(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Reservations that leave the pool with less than nothing, told at the largest."""
    shares, pool = _shares(loaded), loaded.config.limits.concurrency
    reserved = {name: share.reserved for name, share in shares.items() if share.reserved}
    if not reserved:
        return
    largest = max(reserved, key=lambda name: reserved[name])
    share = Share(reserved[largest], 0)  # its own children are another finding
    refusal = reservation_refused(share, _others(shares, largest), pool)
    if refusal:
        taken = sum(share.taken for share in shares.values())
        where = loaded.tree.position(("functions", largest, "reserved_concurrency"))
        yield where, f"{taken} taken of {pool}: {refusal}"


def provisioned_beyond_share(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Children that are to stand ready beyond what their function, or all together, may have."""
    shares, pool = _shares(loaded), loaded.config.limits.concurrency
    for name, share in shares.items():
        refusal = share.provisioned and provision_refused(share, _others(shares, name), pool)
        if refusal:
            yield loaded.tree.position(("functions", name, "provisioned_concurrency")), refusal


def provisioned_twice(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Aliases with children that stand ready, of versions that have some of their own."""
    for name, function in loaded.config.local_functions.items():
        versions = {one: alias.version for one, alias in function.aliases.items()}
        for alias in versions.keys() & function.provisioned_concurrency:
            refusal = overlap_refused(alias, function.provisioned_concurrency, versions)
            if refusal:
                where = ("functions", name, "provisioned_concurrency", alias)
                yield loaded.tree.position(where), f"{alias}: {refusal}"


def _shares(loaded: Loaded) -> dict[str, Share]:
    return {
        name: Share(function.reserved_concurrency, sum(function.provisioned_concurrency.values()))
        for name, function in loaded.config.local_functions.items()
    }


def _others(shares: dict[str, Share], name: str) -> list[Share]:
    return [share for other, share in shares.items() if other != name]
