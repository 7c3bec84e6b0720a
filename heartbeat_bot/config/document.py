"""Reads a YAML file into plain values, and remembers on which line each of them stands.

What YAML does behind a person's back is a problem with a line, not a surprise: keys written twice, numbers that are not read as
they are written (``0123`` is 83), aliases that blow a small file up, tags that make objects.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from heartbeat_bot.errors import ConfigError

MAX_BYTES = 1_000_000
"""No configuration is larger."""
_MAX_DEPTH = 50
# Ten aliases of ten aliases of … make ten lines expand to ten thousand million nodes ("billion laughs").
_MAX_NODES = 20_000
_MERGE_TAG = "tag:yaml.org,2002:merge"
_INT_TAG = "tag:yaml.org,2002:int"
_PLAIN_INT = re.compile(r"0|-?[1-9][0-9]*")

_HALVES = re.compile("[\ud800-\udfff]")
_HALF = "a \\u escape makes half a character here (D800 to DFFF), which no text may hold; write the character itself"

Place = tuple[str | int, ...]
"""Where a value stands in the document: keys and positions from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
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


def read_document(content: bytes, name: str) -> Document:
    """Read a YAML file whose top is a mapping; raise ConfigError when nothing of it can be read."""
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{name}: the file is larger than {MAX_BYTES:,} bytes; is it the right one?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{name}:{line}: the file is not UTF-8; save it with that encoding") from error
    try:
        # CSafeLoader would be faster, and is absent where PyYAML was built without libyaml.
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:
        line = text[: getattr(error, "position", 0)].count("\n") + 1
        raise ConfigError(f"{name}:{line}: {_yaml_sentence(error)}") from error
    try:
        return _read(loader, name)
    except yaml.MarkedYAMLError as error:
        # What is never closed is noticed at the end of the file; where it was opened is the line to look at.
        unclosed = "end of stream" in str(error.problem)
        mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
        place = name if mark is None else f"{name}:{mark.line + 1}"
        raise ConfigError(f"{place}: {_yaml_sentence(error)}") from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{name}:{loader.line + 1}: an escape stands here of which there is no character ({error})") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: the file is nested too deeply; a configuration needs six levels") from error
    finally:
        loader.dispose()  # pyright: ignore[reportUnknownMemberType] (PyYAML's stubs)


def _read(loader: yaml.SafeLoader, name: str) -> Document:
    root = loader.get_single_node()
    if root is None:
        raise ConfigError(f"{name}: the file is empty; config.example.yaml shows what belongs in it")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{name}:{_line(root)}: the file must hold keys and values, as config.example.yaml does")
    reader = _Reader(loader, name)
    values = cast("dict[str, Any]", reader.value(root, ()))
    return Document(name=name, values=values, lines=reader.lines, problems=tuple(reader.problems), unread=frozenset(reader.unread))


@dataclass(slots=True)
class _Reader:
    """Walks the node tree once, bounded, and collects values, lines and problems."""

    loader: yaml.SafeLoader
    name: str
    lines: dict[Place, int] = field(default_factory=dict[Place, int])
    problems: list[str] = field(default_factory=list[str])
    unread: set[Place] = field(default_factory=set[Place])
    nodes: int = 0
    opened: set[int] = field(default_factory=set[int])

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.nodes += 1
        if self.nodes > _MAX_NODES or len(place) > _MAX_DEPTH:
            raise ConfigError(f"{self.name}:{_line(node)}: the aliases (*name) expand to too much; write the values out")
        if id(node) in self.opened:
            raise ConfigError(
                f"{self.name}:{_line(node)}: an alias (*name) stands within the value that it names; write the value out"
            )
        self.opened.add(id(node))
        try:
            return self._value(node, place)
        finally:
            self.opened.discard(id(node))

    def _value(self, node: yaml.Node, place: Place) -> Any:
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place)
            case yaml.SequenceNode():
                return self._sequence(node, place)
            case _:
                return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """Read a mapping: keys are text as written, merged keys (``<<``) yield to its own."""
        values: dict[str, Any] = {}
        own: dict[str, int] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key must be a word, not a list or a mapping")
                continue
            if key_node.tag == _MERGE_TAG:
                merged.append(value_node)
                continue
            # The text itself: YAML would make True of a newsletter called 'on'.
            key = cast("str", key_node.value)
            if _HALVES.search(key):
                self._problem(key_node, _HALF)
                continue
            if key in own:
                self._problem(key_node, f"'{key}' stands here a second time (first on line {own[key]}); keep one of them")
                continue
            own[key] = _line(key_node)
            self.lines[*place, key] = own[key]
            values[key] = self.value(value_node, (*place, key))
        for value_node in merged:
            for part in cast("list[yaml.Node]", value_node.value) if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                if isinstance(part, yaml.MappingNode):
                    self._merge(part, place, values)
                else:
                    self._problem(part, "'<<' merges mappings only; write *name of a mapping after it")
        return values

    def _merge(self, node: yaml.MappingNode, place: Place, values: dict[str, Any]) -> None:
        above = dict(self.lines)
        for key, value in self.value(node, place).items():
            values.setdefault(key, value)
        self.lines.update(above)

    def _sequence(self, node: yaml.SequenceNode, place: Place) -> list[Any]:
        values: list[Any] = []
        for position, item in enumerate(cast("list[yaml.Node]", node.value)):
            self.lines[*place, position] = _line(item)
            values.append(self.value(item, (*place, position)))
        return values

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        text = cast("str", node.value)
        if _HALVES.search(text):
            self._problem(node, _HALF)
            self.unread.add(place)
            return None
        if node.tag == _INT_TAG and not _PLAIN_INT.fullmatch(text):
            self._problem(node, f"YAML reads {text} as another number than it looks; write it in quotes")
            self.unread.add(place)
            return text
        try:
            return self.loader.construct_object(node)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] (PyYAML's stubs)
        except yaml.MarkedYAMLError as error:
            self._problem(node, _yaml_sentence(error))
        except (ValueError, LookupError, AttributeError, OverflowError, TypeError):
            # A date such as 2024-13-01 passes YAML's pattern and fails in datetime; a tag (!!bool, !!timestamp) may stand before anything.
            self._problem(
                node, "YAML cannot read this value as what it seems to be; write it in quotes, and without a tag (!!name)"
            )
        self.unread.add(place)
        return None

    def _problem(self, node: yaml.Node, sentence: str) -> None:
        self.problems.append(f"{self.name}:{_line(node)}: {sentence}")


def _line(node: yaml.Node) -> int:
    mark = cast("yaml.Mark | None", node.start_mark)
    return 1 if mark is None else mark.line + 1


def _yaml_sentence(error: yaml.YAMLError) -> str:
    """Say what is wrong in words that need no knowledge of YAML's grammar, where they are known."""
    told = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    for sign, sentence in _YAML_SENTENCES.items():
        if sign in told:
            return sentence
    return f"this is not YAML: {told}"


_YAML_SENTENCES = {
    r"character '\t'": "a tab stands here; YAML is indented with spaces",
    "mapping values are not allowed here": "a colon stands where none may be; put the value in quotes, or check the indentation",
    "could not determine a constructor": "tags (!name) are not read here; write the value without it",
    "found undefined alias": "an alias (*name) stands here without its anchor (&name); a value that begins with * needs quotes",
    "found another document": "a second document ('---') begins here; keep one",
    "special characters are not allowed": "the file holds control characters; remove them",
    "found unexpected end of stream": "a quote is opened here and never closed",
}
