"""Reads the bytes of a configuration file into plain values, and remembers on which line each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from heartbeat_bot.errors import ConfigError
from heartbeat_bot.strict_yaml import NoYamlError, Place, read_yaml

MAX_BYTES = 1_000_000
"""No configuration is larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDocument:
    """A file's values, and the line (counted from 1) on which each key or list item stands.

    ``problems`` are sentences about single values and keys; the rest of the file is read all the same. ``unread`` are the places of
    values that could not be read as they are written: whatever else is wrong with them follows from that.
    """

    name: str
    values: Mapping[str, Any]
    lines: Mapping[Place, int]
    problems: tuple[str, ...]
    unread: frozenset[Place]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place above it that stands in the file."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_document(content: bytes, name: str) -> ConfigDocument:
    """Read a YAML file whose top is a mapping; raise ConfigError when nothing of it can be read."""
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{name}: the file is larger than {MAX_BYTES:,} bytes; is it the right one?")
    try:
        reading = read_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{name}:{line}: the file is not UTF-8; save it with that encoding") from error
    except NoYamlError as error:
        raise ConfigError(f"{name}:{error.line}: {error}") from error
    values: object = reading.value
    if values is None:
        raise ConfigError(f"{name}: the file is empty; config.example.yaml shows what belongs in it")
    if not isinstance(values, dict):
        raise ConfigError(f"{name}:{reading.line}: the file must hold keys and values, as config.example.yaml does")
    return ConfigDocument(
        name=name,
        values=cast("dict[str, Any]", values),
        lines=reading.lines,
        problems=tuple(f"{name}:{problem.line}: {problem.sentence}" for problem in reading.problems),
        unread=frozenset(problem.place for problem in reading.problems if problem.place is not None),
    )
