"""Owns how stages move between the versions of a secret. Pure: takes who has which, returns it anew.

Source: AWS, Secrets Manager User Guide, "Secret versions"; API reference, UpdateSecretVersionStage.
"""

from collections.abc import Iterable, Mapping
from typing import Final

CURRENT: Final = "AWSCURRENT"
PREVIOUS: Final = "AWSPREVIOUS"
PENDING: Final = "AWSPENDING"

Stages = dict[str, tuple[str, ...]]
"""The stages of each version, by its id. A stage is of one version at most."""


class StageError(ValueError):
    """A stage cannot be moved so; the message says why in AWS's manner."""


def holder(stages: Mapping[str, tuple[str, ...]], stage: str) -> str | None:
    """Return the version that has a stage."""
    return next((version for version, given in stages.items() if stage in given), None)


def placed(
    stages: Mapping[str, tuple[str, ...]], version: str, wanted: Iterable[str] = (CURRENT,)
) -> Stages:
    """Give a version, which may be new, the stages `wanted`; whoever had them has them no more.

    Where AWSCURRENT leaves a version for another, that one gets AWSPREVIOUS.
    """
    owners = {stage: each for each, given in stages.items() for stage in given}
    former = owners.get(CURRENT)
    owners |= dict.fromkeys(wanted, version)
    if former is not None and owners[CURRENT] != former:
        owners[PREVIOUS] = former
    return {
        each: tuple(sorted(stage for stage, owner in owners.items() if owner == each))
        for each in (*stages, *({version} - stages.keys()))
    }


def moved(
    stages: Mapping[str, tuple[str, ...]], stage: str, *, source: str | None, target: str | None
) -> Stages:
    """Take a stage from one version and give it to another; either may be None. Raises: StageError."""
    found = holder(stages, stage)
    for version in filter(None, (source, target)):
        if version not in stages:
            raise StageError(f"There is no version {version}.")
    if source is not None and found != source:
        raise StageError(f"The staging label {stage} isn't attached to version {source}.")
    if target is None:
        if source is None:
            raise StageError("Say a version to remove the staging label from, or to move it to.")
        if stage == CURRENT:
            raise StageError(f"{CURRENT} can only be moved to another version.")
        return {
            version: tuple(each for each in given if each != stage)
            for version, given in stages.items()
        }
    if found not in (source, target):
        raise StageError(
            f"The staging label {stage} is attached to version {found}: say so in RemoveFromVersionId."
        )
    return placed(stages, target, (stage,))
