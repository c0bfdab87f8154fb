"""Finds keys and plans that nothing comes of: operations that no key opens, plans that nobody asks for."""

from collections.abc import Iterator

from frontdesk.base.errors import Position
from frontdesk.config.check.routes import operations
from frontdesk.config.load import Loaded
from frontdesk.config.models.authorizer import FunctionAuthorizer


def opened_by_no_plan(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Operations that ask for a key in an API, or a stage of one, that no plan covers."""
    plans = loaded.config.plans.values()
    for path, api, _, operation in operations(loaded):
        if operation.api_key:
            name = str(path[1])
            closed = [
                stage for stage in api.stages if not any(plan.covers(name, stage) for plan in plans)
            ]
            if closed:
                where = loaded.tree.position((*path, "api_key"))
                yield where, f"no plan covers {name}/{closed[0]}"


def never_asked_for(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Plans that cover no operation which asks for a key."""
    asking = {str(path[1]) for path, _, _, operation in operations(loaded) if operation.api_key}
    for name, plan in loaded.config.plans.items():
        if asking.isdisjoint(target.partition("/")[0] for target in plan.apis):
            where = loaded.tree.position(("plans", name), of_key=True)
            yield where, "no operation of the APIs of this plan asks for a key"


def without_source(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Operations whose key is to come from an authorizer that tells none."""
    authorizers = loaded.config.authorizers
    for path, api, _, operation in operations(loaded):
        if operation.api_key and api.api_key_source == "authorizer":
            authorizer = authorizers.get(operation.authorizer or api.authorizer or "")
            if not isinstance(authorizer, FunctionAuthorizer):
                where = loaded.tree.position((*path, "api_key"))
                yield where, "the key comes from an authorizer, and this one is no function"
