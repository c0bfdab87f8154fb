"""Owns where the records of a configuration are, and how functions are told."""

from collections.abc import Mapping
from pathlib import Path

from frontdesk.app.stores import sqlite_path
from frontdesk.config.models.root import Config
from frontdesk.ports.records import URL


def records_environment(config: Config) -> Mapping[str, str]:
    """Return the variable by which functions find records, where the file has any that they can reach."""
    if not config.records or config.store.kind == "memory":
        return {}
    url = config.store.url
    return {URL: f"sqlite://{records_path(config)}" if url is None else url.reveal()}


def records_path(config: Config) -> Path:
    """Return the file of records: one of its own, for whoever writes a file keeps others waiting."""
    path = sqlite_path(config).absolute()
    return path.with_name(f"{path.stem}-records{path.suffix}")
