"""YAML → plain values, each with the line on which it stands: for the configuration, and for the front matter of issues.

What YAML does behind a person's back is a problem with a line, not a surprise: keys written twice, numbers that are not read as they are
written (``0123`` is 83, ``18:30`` is 1110), aliases that blow a small file up, tags that make objects. Keys are text as written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml
from yaml.reader import ReaderError

_MAX_DEPTH: Final = 16
"""Real front matter has four levels and a configuration six; PyYAML's time grows with the square of them."""
_MAX_NODES: Final = 20_000
"""Ten aliases of ten aliases of … make ten lines expand to ten thousand million values ("billion laughs")."""
_MAX_TEXT: Final = 1_000_000
"""Characters that all values have together, those of aliases counted wherever they stand; no file that is read here has as many."""
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "binary"))
_MAPPINGS: Final = frozenset(_TAG + name for name in ("map", "set"))
_SEQUENCES: Final = frozenset(_TAG + name for name in ("seq", "omap", "pairs"))
_PLAIN: Final = {_TAG + "int": re.compile(r"0|-?[1-9][0-9]*"), _TAG + "float": re.compile(r"[^:_]*")}
_HALVES: Final = re.compile("[\ud800-\udfff]")
_HALF: Final = "a \\u escape makes half a character here (D800 to DFFF), which no text may hold; write the character itself"
_TAGGED: Final = "tags (!name) are not read here; write the value without it, or in quotes"

Place = tuple[str | int, ...]
"""Where a value stands in the document: keys and positions from the top."""


class NoYamlError(Exception):
    """Nothing of a text can be read; ``line`` counts from 1, the message says what is wrong and what to do."""

    def __init__(self, line: int, sentence: str) -> None:
        """Take what a person should know."""
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one key, or with the value at ``place``; ``kept``: nothing is lost, since it stays the text that it is."""

    line: int
    sentence: str
    place: Place | None
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlReading:
    """What a text holds, None when it holds nothing; ``problems`` are in the order of reading.

    ``line`` (from 1) is where it begins, ``lines`` are those of each key and list item.
    """

    value: Any
    line: int
    lines: Mapping[Place, int]
    problems: tuple[Problem, ...]

    def or_fail(self) -> "YamlReading":
        """Return the reading itself; raise NoYamlError with the first problem that loses something."""
        for problem in self.problems:
            if not problem.kept:
                raise NoYamlError(problem.line, problem.sentence)
        return self


class StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which makes a :class:`YamlReading` of a document. Walks the tree of nodes once, bounded."""

    def __init__(self, stream: Any) -> None:
        """Take a text; raise yaml.reader.ReaderError for a character that YAML does not allow."""
        super().__init__(stream)
        self._lines: dict[Place, int] = {}
        self._problems: list[Problem] = []
        self._opened: set[int] = set()
        self._nodes = 0
        self._text = 0
        self._depth = 0

    def get_single_data(self) -> YamlReading:
        """Read the only document."""
        try:
            root = self.get_single_node()
        except (ValueError, OverflowError) as error:
            raise NoYamlError(int(self.line) + 1, f"an escape stands here of which there is no character ({error})") from error
        value = None if root is None else self._value(root, ())
        return YamlReading(value=value, line=1 if root is None else _line(root), lines=self._lines, problems=tuple(self._problems))

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node of the tree, not too far down."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise NoYamlError(int(self.line) + 1, "it is nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _value(self, node: yaml.Node, place: Place) -> Any:
        self._nodes += 1
        self._text += len(cast("str", node.value)) if isinstance(node, yaml.ScalarNode) else 0
        if self._nodes > _MAX_NODES or self._text > _MAX_TEXT or len(place) > _MAX_DEPTH:
            raise NoYamlError(_line(node), "the aliases (*name) expand to too much; write the values out")
        if id(node) in self._opened:
            raise NoYamlError(_line(node), "an alias (*name) stands within the value that it names; write the value out")
        self._opened.add(id(node))
        try:
            match node:
                case yaml.MappingNode():
                    return self._mapping(node, place)
                case yaml.SequenceNode():
                    return self._sequence(node, place)
                case _:
                    return self._scalar(node, place)
        finally:
            self._opened.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """Read a mapping: keys are text as written, merged keys (``<<``) yield to its own, and what is merged first to what follows."""
        if node.tag not in _MAPPINGS:
            self._problem(node, _TAGGED, place)
        values: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key must be a word, not a list or a mapping")
                continue
            if key_node.tag == f"{_TAG}merge":
                merged.append(value_node)
                continue
            # The text itself: YAML would make True of a newsletter called 'on'.
            key = self._whole(key_node, place, is_key=True)
            if key in values:
                first = self._lines[*place, key]
                self._problem(key_node, f"'{key}' stands here a second time (first on line {first}); keep one of them")
                continue
            self._lines.setdefault((*place, key), _line(key_node))
            values[key] = self._value(value_node, (*place, key))
        for value_node in merged:
            for part in cast("list[yaml.Node]", value_node.value) if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                if isinstance(part, yaml.MappingNode):
                    # Lines that are known are those of the mapping's own keys.
                    values = self._value(part, place) | values
                else:
                    self._problem(part, "'<<' merges mappings only; write *name of a mapping after it")
        return values

    def _sequence(self, node: yaml.SequenceNode, place: Place) -> list[Any]:
        if node.tag not in _SEQUENCES:
            self._problem(node, _TAGGED, place)
        values: list[Any] = []
        for position, item in enumerate(cast("list[yaml.Node]", node.value)):
            self._lines.setdefault((*place, position), _line(item))
            values.append(self._value(item, (*place, position)))
        return values

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        if node.tag not in _SCALARS:
            self._problem(node, _TAGGED, place)
            return None
        text = self._whole(node, place)
        if node.tag in _PLAIN and not _PLAIN[node.tag].fullmatch(text):
            self._problem(node, f"YAML reads {text} as another number than it looks; write it in quotes", place, kept=True)
            return text
        try:
            return text if node.tag == f"{_TAG}str" else cast("Any", self.construct_object(node))  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types here
        except yaml.MarkedYAMLError as error:
            self._problem(node, _sentence(error), place)
        except (ValueError, LookupError, AttributeError, OverflowError, TypeError):
            # A date such as 2024-13-01 passes YAML's pattern and fails in datetime; a tag (!!bool, !!timestamp) may stand before anything.
            told = "YAML cannot read this value as what it seems to be; write it in quotes, and without a tag (!!name)"
            self._problem(node, told, place, kept=True)
        # Else it counts as being built, and an alias of it as standing within itself.
        cast("dict[Any, Any]", self.recursive_objects).pop(node, None)  # pyright: ignore[reportUnknownMemberType] - likewise
        return text

    def _whole(self, node: yaml.Node, place: Place, *, is_key: bool = False) -> str:
        """Return the text of a value, or of a key of it, with a mark for each half of a character."""
        written = cast("str", node.value)
        text = _HALVES.sub("\ufffd", written)
        if text != written:
            self._problem(node, _HALF, (*place, text) if is_key else place, kept=True)
        return text

    def _problem(self, node: yaml.Node, sentence: str, place: Place | None = None, *, kept: bool = False) -> None:
        self._problems.append(Problem(line=_line(node), sentence=sentence, place=place, kept=kept))


def read_yaml(text: str, load: Callable[..., Any] = yaml.load) -> YamlReading:
    """Read one document. ``load`` is called with the text and ``Loader=``. Raises NoYamlError when nothing of it can be read."""
    try:
        return cast("YamlReading", load(text, Loader=StrictLoader))
    except ReaderError as error:
        position = int(error.position)
        sentence = f"the character U+{ord(text[position]):04X} is not allowed here; remove it"
        raise NoYamlError(text[:position].count("\n") + 1, sentence) from error
    except yaml.MarkedYAMLError as error:
        # What is never closed is noticed at the end of the text; where it was opened is the line to look at.
        unclosed = "end of stream" in str(error.problem)
        mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
        raise NoYamlError(1 if mark is None else mark.line + 1, _sentence(error)) from error


def _line(node: yaml.Node) -> int:
    mark = cast("yaml.Mark | None", node.start_mark)
    return 1 if mark is None else mark.line + 1


def _sentence(error: yaml.MarkedYAMLError) -> str:
    """Say what is wrong in words that need no knowledge of YAML's grammar, where they are known."""
    told = str(error.problem or error.context)
    return next((sentence for sign, sentence in _SENTENCES.items() if sign in told), f"this is not YAML: {told}")


_SENTENCES: Final = {
    r"character '\t'": "a tab stands here; YAML is indented with spaces",
    "mapping values are not allowed": "a colon stands where none may be; put the value in quotes, or check the indentation",
    "could not determine a constructor": _TAGGED,
    "found undefined alias": "an alias (*name) stands here without its anchor (&name); a value that begins with * needs quotes",
    "alphabetic or numeric character": "a value that begins with * or & needs quotes",
    "cannot start any token": "a value that begins with this character needs quotes",
    "found another document": "a second document ('---') begins here; keep one",
    "found unexpected end of stream": "a quote is opened here and never closed",
    "expected <block end>": "the line does not fit the one above; line the keys up, and put a value that holds quotes or brackets in quotes as a whole",
    "could not find expected ':'": "this line is no `key: value`; indent the lines that go on with a value",
}
