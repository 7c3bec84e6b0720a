"""The text of a file → its front matter (in any of the common styles) and its body.

Styles: YAML ``---`` (Hexo leaves out the first), TOML ``+++``, JSON ``{…}``, Pelican's ``Key: value`` header, Nikola's ``.. key: value``,
Franklin's ``@def key = value``, none. HTML comments may stand above.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml
from frontmatter.default_handlers import YAMLHandler
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, ScalarNode
from yaml.reader import ReaderError

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.decoding import decode, sound
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding

_CONFLICT = (re.compile(r"^<{7}(?: |$)"), re.compile(r"^={7}$"), re.compile(r"^>{7}(?: |$)"))
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_YAML_KEY = re.compile(r"^[\"']?[A-Za-z_][\w .\t-]*+[\"']?[ \t]*+:(?:\s|$)")
_YAML_OPENING = re.compile(r"^(?:#|[\"']?[\w-]+[\"']?\s*:(?:\s|$)|[ \t]+\S|- )")
_TOP_LEVEL_KEY = re.compile(r"^(?:@def\s+|\.\. )?[\"']?([A-Za-z_][\w.-]*?)[\"']?\s*[:=]")
_JSON_KEY = re.compile(r"^\s*\{?\s*\"([^\"]+)\"\s*:")
_PELICAN = re.compile(r"^([A-Za-z][A-Za-z0-9_ -]{0,30}):(?:[ \t]+(.*))?$")
_PELICAN_KEYS: Final = frozenset(
    {"title", "date", "category", "tags", "slug", "author", "authors", "summary", "status", "modified", "lang"}
)
_PELICAN_LISTS: Final = frozenset({"author", "authors", "tags"})
_COMMENTS_ABOVE = re.compile(r"(?:\s*<!--(?:(?!-->).)*-->)+[ \t]*\n\s*?(?=(?:---|\+\+\+)[ \t]*\n)", re.DOTALL)
_NIKOLA_LINES = r"((?:[ \t]*\.\. [\w-]+:(?:[ \t][^\n]*)?\n)+)"
_NIKOLA = re.compile(rf"<!--[ \t]*\n(?:[ \t]*\n)?{_NIKOLA_LINES}(?:[ \t]*\n)*-->[ \t]*(?:\n|\Z)|{_NIKOLA_LINES}[ \t]*(?:\n|\Z)")
_NIKOLA_KEY = re.compile(r"[ \t]*\.\. ([\w-]+):[ \t]*(.*)")
_FRANKLIN = re.compile(r'@def\s+(\w+)\s*=\s*("""(?:.|\n)*?"""|[^\n]*)(?:\n|\Z)')
_ASSIGNMENT = re.compile(r'\s*(?:#[^\n]*|(\w+)\s*=\s*("""(?:.|\n)*?"""|[^\n]*))?(?:\n|\Z)')
_JULIA_DATE = re.compile(r"(?:Dates?\.)?Date\(\s*(\d{4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_MAX_ALIASES: Final = 100
_MAX_MERGED: Final = 1000
_MAX_MATTER: Final = 64 * 1024
_MAX_DOTS: Final = 20
_MAX_DEPTH: Final = 16
"""Real front matter has four levels; PyYAML's time grows with the square of them."""
_MAX_VALUES: Final = 20_000
"""Real front matter has a dozen values; aliases can make a few lines stand for billions."""
_MAX_BITS: Final = 4096
"""Python refuses to write out integers of more than 4,300 digits, but not to read them from ``0xff…`` or YAML's ``1:59:59…``."""

_MISFIT: Final = "the tag does not fit what stands behind it"
_HINTS: Final = (
    ("mapping values are not allowed", "put a value that holds `: ` in quotes"),
    ("cannot start any token", "put a value that starts with this character in quotes, and indent with spaces"),
    ("found unexpected end of stream", "a quote that opens a value is never closed"),
    ("expected <block end>", "put a value that holds quotes or brackets in quotes as a whole, and line the keys up"),
    ("could not find expected ':'", "each line is `key: value`; indent the lines that go on with a value"),
    ("alphabetic or numeric character", "put a value that starts with `*` or `&` in quotes"),
    ("undefined alias", "put a value that starts with `*` in quotes"),
    ("stands here twice", "keep one of them"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file taken apart; ``body_line`` is the line of the file (from 1) where the body starts, ``key_lines`` where keys stand.

    ``key_lines`` has lower-case keys. Front matter that is no mapping stays in the body.
    """

    metadata: Mapping[str, Any]
    key_lines: Mapping[str, int]
    body: str
    body_line: int
    findings: tuple[Finding, ...]


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, with duplicate keys and floods of aliases as errors; impossible dates and numbers stay text."""

    aliases = 0
    depth = 0

    def get_single_data(self) -> Any:
        try:
            return super().get_single_data()
        except (ValueError, OverflowError) as error:
            # The scanner makes no character of "\\UFFFFFFFF".
            problem = f"there is no such character, or no such value ({error})"
            place = cast("yaml.Mark", self.get_mark())  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types here
            raise ConstructorError(None, None, problem, place) from error

    def compose_node(self, parent: Any, index: Any) -> Any:
        if cast("bool", self.check_event(yaml.AliasEvent)):  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types here
            self.aliases += 1
            if self.aliases > _MAX_ALIASES:
                event = cast("yaml.Event", self.peek_event())  # pyright: ignore[reportUnknownMemberType] - likewise
                raise ConstructorError(None, None, f"more than {_MAX_ALIASES} aliases", event.start_mark)
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            place = cast("yaml.Mark", self.get_mark())  # pyright: ignore[reportUnknownMemberType] - likewise
            raise ConstructorError(None, None, "it is nested too deeply", place)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def flatten_mapping(self, node: MappingNode) -> None:
        own = len(node.value)
        super().flatten_mapping(node)
        if len(node.value) > max(own, _MAX_MERGED):
            raise ConstructorError(None, None, f"more than {_MAX_MERGED} merged keys", node.start_mark)

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        if not isinstance(node, MappingNode):
            raise ConstructorError(None, None, _MISFIT, node.start_mark)
        seen: set[str] = set()
        for key, _ in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            if not isinstance(key, ScalarNode):
                continue
            name = str(key.value)
            if name in seen:
                raise ConstructorError(None, None, f"the key {name!r} stands here twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Build a value; what its tag cannot be made of (`2026-02-30`, `!!timestamp 11`) stays the text that it is, for whoever reads the key."""
        try:
            return cast("Any", super().construct_object(node, deep=deep))  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types here
        except (ValueError, OverflowError, AttributeError, LookupError, TypeError) as error:
            if not isinstance(node, ScalarNode):
                raise ConstructorError(None, None, _MISFIT, node.start_mark) from error
            # Else it counts as being built, and an alias of it as standing within itself.
            cast("dict[Any, Any]", self.recursive_objects).pop(node, None)  # pyright: ignore[reportUnknownMemberType] - likewise
            return str(node.value)


def take_apart(data: bytes, path: str) -> Document:
    """Split a file into metadata and body.

    Raises IssueError, with the line in the file, when the file is no text, empty, or its front matter cannot be read.
    """
    text, findings = decode(data, path)
    if conflict := _conflict(text):
        raise IssueError("a merge conflict was left in this file; resolve it", path=path, line=conflict)
    if not text.strip():
        raise IssueError("the file is empty; write the issue, or remove the file", path=path)
    stripped = text.lstrip("\n")
    if comments := _COMMENTS_ABOVE.match(stripped):
        stripped = stripped[comments.end() :]
    offset = text[: len(text) - len(stripped)].count("\n")
    metadata, body = _by_style(stripped, path, offset, findings)
    if problem := _excess(metadata):
        raise IssueError(problem, path=path, line=offset + 1)
    metadata = cast("dict[str, Any]", _sound(metadata))
    header = text[: len(text) - len(body)]
    lines = _key_lines(header, json_style=stripped.startswith("{")) if metadata else {}
    return Document(metadata=metadata, key_lines=lines, body=body, body_line=header.count("\n") + 1, findings=tuple(findings))


def _by_style(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    """Return the metadata that a text starts with, {} for none, and the rest of it."""
    if text.startswith("---"):
        found = _yaml(text, path, offset, findings)
    elif text.startswith("+++"):
        found = _toml(text, path, offset, findings)
    elif re.match(r"\{\s*(?:\n|\")", text):
        found = _json(text, path, offset)
    elif re.match(r"@def\s", text):
        found = _franklin(text)
    elif nikola := _NIKOLA.match(text):
        found = _nikola(nikola), text[nikola.end() :]
    elif _lacks_opening(text):
        metadata, body = _yaml(f"---\n{text}", path, offset - 1, findings)
        found = (metadata, body) if metadata else ({}, text)
    else:
        found = _pelican(text, offset, findings)
    return found


def _conflict(text: str) -> int:
    """Return the line (from 1) where a merge conflict starts, 0 when there is none; code that shows one is no conflict."""
    if not (text.startswith("<<<<<<<") or "\n<<<<<<<" in text):
        return 0
    found = [0, 0, 0]
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if mark:
            fence = mark.group(1)
            continue
        for n, pattern in enumerate(_CONFLICT):
            if pattern.match(line) and (n == 0 or found[n - 1]) and not found[n]:
                found[n] = number
    return found[0] if all(found) else 0


def _key_lines(header: str, *, json_style: bool) -> dict[str, int]:
    pattern = _JSON_KEY if json_style else _TOP_LEVEL_KEY
    lines: dict[str, int] = {}
    for number, line in enumerate(header.split("\n"), 1):
        if match := pattern.match(line):
            lines.setdefault(match.group(1).lower(), number)
    return lines


def _excess(metadata: Mapping[str, Any]) -> str:
    """Say what makes metadata too much to work with, when every alias is written out; "" when nothing does."""
    count, waiting = 0, [cast("object", metadata)]
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MAX_VALUES:
            return "the front matter stands for more values than an issue needs; write out its aliases"
        if isinstance(value, int) and value.bit_length() > _MAX_BITS:
            return "the front matter holds a number too large to be one; put it in quotes"
        if isinstance(value, dict):
            waiting.extend(cast("dict[object, object]", value).values())
        elif isinstance(value, (list, tuple, set)):
            waiting.extend(cast("list[object]", value))
    return ""


def _sound(value: object) -> object:
    """Return a value of front matter with sound texts, those of its keys and items too: an escape may have made anything."""
    match value:
        case str():
            return sound(value)
        case dict():
            return {_sound(key): _sound(part) for key, part in cast("dict[object, object]", value).items()}
        case list():
            return [_sound(part) for part in cast("list[object]", value)]
        case _:
            return value


def _boundaries(text: str, fence: str) -> tuple[str, str] | None:
    """Split at the fence that closes the block opened in the first line; None when it is never closed."""
    lines = text.split("\n")
    if lines[0].rstrip() != fence:
        return None
    for number in range(1, len(lines)):
        if lines[number].rstrip() in {fence, "..." if fence == "---" else fence}:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    return None


def _check_size(matter: str, path: str, offset: int) -> None:
    if len(matter) > _MAX_MATTER:
        message = f"the front matter has more than {_MAX_MATTER // 1024} KiB; was it meant to end earlier?"
        raise IssueError(message, path=path, line=max(offset + 1, 1))


def _yaml(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    parts = _boundaries(text, "---")
    if parts is None:
        if _opens_yaml(text):
            raise IssueError(
                "the front matter opened by `---` is never closed; add a line `---` after it", path=path, line=offset + 1
            )
        return {}, text
    matter, body = parts
    _check_size(matter, path, offset)
    try:
        loaded: Any = YAMLHandler().load(matter, Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, RecursionError) as error:
        if not any(_YAML_KEY.match(line) for line in matter.split("\n")):
            return {}, text
        line, problem = _yaml_problem(error, matter)
        raise IssueError(f"the front matter is not valid YAML: {problem}", path=path, line=max(offset + line, 1)) from error
    if loaded is None:
        return {}, body
    if isinstance(loaded, dict):
        return {str(key): value for key, value in cast("dict[Any, Any]", loaded).items()}, body
    if ":" in matter or isinstance(loaded, list):
        message = "The front matter is no list of `key: value` lines; its text was kept as part of the issue. Write keys before the values."
        findings.append(finding("front-matter", offset + 1, message))
    # Else text between two thematic breaks: an introduction, not metadata.
    return {}, text


def _yaml_problem(error: yaml.YAMLError | RecursionError, matter: str) -> tuple[int, str]:
    """Say in which line (from 1, the opening fence being the first) and what is wrong, with what to do where that is known."""
    match error:
        case yaml.MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            problem = str(error.problem or error.context)
            hint = next((f"; {hint}" for part, hint in _HINTS if part in problem), "")
            return 2 + (mark.line if mark else 0), problem + hint
        case ReaderError():
            position = int(error.position)
            return 2 + matter[:position].count("\n"), f"the character U+{ord(matter[position]):04X} is not allowed; remove it"
        case RecursionError():
            return 1, "it is nested too deeply"
        case _:
            return 1, str(error)


def _opens_yaml(text: str) -> bool:
    """Tell whether a `---` that nothing closes was meant to open front matter, rather than to draw a line."""
    first, _, rest = text.partition("\n")
    head = rest.split("\n\n", 1)[0].rstrip("\n").split("\n")
    return first.rstrip() == "---" and all(_YAML_OPENING.match(line) for line in head) and any(map(_YAML_KEY.match, head))


def _lacks_opening(text: str) -> bool:
    """Tell whether a text begins with lines of YAML that a `---` closes and nothing opens, as Hexo writes them; one line is a heading."""
    closing = re.search(r"\n---[ \t]*(?:\n|\Z)", text)
    head = text[: closing.start()] if closing else ""
    lines = head.split("\n")
    keys = sum(1 for line in lines if _YAML_KEY.match(line))
    titled = re.search(r"^title[ \t]*:", head, re.IGNORECASE | re.MULTILINE)
    return titled is not None and keys > 1 and all(_YAML_OPENING.match(line) for line in lines)


def _nikola(match: re.Match[str]) -> dict[str, Any]:
    """Read lines of ``.. key: value``, which Nikola's Markdown keeps in a comment."""
    lines = (match.group(1) or match.group(2)).splitlines()
    found = [key.groups() for line in lines if (key := _NIKOLA_KEY.match(line))]
    return {name.lower(): value.strip() for name, value in found}


def _toml(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    parts = _boundaries(text, "+++")
    if parts is None:
        if text.split("\n", 1)[0].rstrip() == "+++":
            findings.append(
                finding(
                    "front-matter",
                    offset + 1,
                    "A line `+++` opens front matter that is never closed; it was kept as part of the issue. Close it.",
                )
            )
        return {}, text
    matter, body = parts
    _check_size(matter, path, offset)
    for number, line in enumerate(matter.split("\n")):
        # The standard library's reader takes time and memory that grow with the square of a key's parts.
        if line.split("=", 1)[0].count(".") > _MAX_DOTS:
            raise IssueError("the front matter is nested too deeply", path=path, line=offset + 2 + number)
    try:
        return tomllib.loads(matter), body
    except tomllib.TOMLDecodeError as error:
        # Newer Franklin sites write Julia between the same marks.
        julia = _assignments(matter)
        if julia is not None and _JULIA_DATE.search(matter):
            return _as_franklin(julia), _without_tildes(body)
        found = re.search(r"line (\d+)", str(error))
        line = offset + 1 + (int(found.group(1)) if found else matter.count("\n") + 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise IssueError(f"the front matter is not valid TOML: {reason}", path=path, line=line) from error
    except RecursionError as error:
        raise IssueError("the front matter is nested too deeply", path=path, line=offset + 1) from error
    except ValueError as error:
        raise IssueError(f"the front matter is not valid TOML: {error}", path=path, line=offset + 1) from error


def _json(text: str, path: str, offset: int) -> tuple[dict[str, Any], str]:
    try:
        loaded, end = json.JSONDecoder(object_pairs_hook=_unique).raw_decode(text)
    except json.JSONDecodeError as error:
        if not re.match(r"\{\s*\"[^\"\n]+\"\s*:", text):
            return {}, text
        raise IssueError(f"the front matter is not valid JSON: {error.msg}", path=path, line=offset + error.lineno) from error
    except RecursionError as error:
        raise IssueError("the front matter is nested too deeply", path=path, line=offset + 1) from error
    except ValueError as error:
        raise IssueError(f"the front matter is not valid JSON: {error}", path=path, line=offset + 1) from error
    body = re.sub(r"\A[ \t]*\n---[ \t]*(?=\n|\Z)", "", text[end:])
    return cast("dict[str, Any]", loaded), body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key!r} stands there twice; keep one of them")
        made[key] = value
    return made


def _franklin(text: str) -> tuple[dict[str, Any], str]:
    metadata: dict[str, Any] = {}
    position = 0
    while match := _FRANKLIN.match(text, position) or (re.compile(r"[ \t]*\n(?=\s*@def\s)").match(text, position)):
        if match.lastindex:
            metadata[match.group(1)] = _julia_value(match.group(2))
        position = match.end()
    return _as_franklin(metadata), _without_tildes(text[position:])


def _without_tildes(body: str) -> str:
    """Blank the marks that Franklin's authors put round HTML; to all others they are a block of code."""
    return body.replace("~~~", "   ")


def _assignments(text: str) -> dict[str, Any] | None:
    """Read lines of ``key = value`` in Julia; None when there is anything else."""
    metadata: dict[str, Any] = {}
    position = 0
    while position < len(text):
        match = _ASSIGNMENT.match(text, position)
        if match is None:
            return None
        if match.group(1):
            metadata[match.group(1)] = _julia_value(match.group(2))
        position = match.end()
    return metadata


def _as_franklin(metadata: dict[str, Any]) -> dict[str, Any]:
    for ours, theirs in (
        ("description", "rss"),
        ("description", "rss_description"),
        ("date", "published"),
        ("date", "rss_pubdate"),
    ):
        if theirs in metadata and ours not in metadata:
            metadata[ours] = metadata[theirs]
    return metadata


def _julia_value(text: str) -> Any:
    """Read the literals that page variables are: strings, lists of strings, numbers, true and false, ``Date(y, m, d)``."""
    text = text.strip()
    if text.startswith('"""'):
        return text.strip('"').strip()
    if text[:1] in {"[", "("} and text[-1:] in {"]", ")"}:
        return [part.strip().strip('"') for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^,\s][^,]*', text[1:-1])]
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"')
    if match := _JULIA_DATE.fullmatch(text):
        # Written as ISO: whoever reads the key says whether there is such a day.
        return "{}-{:0>2}-{:0>2}".format(*match.groups())
    return {"true": True, "false": False}.get(text, text)


def _pelican(text: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    """Read a header of ``Key: value`` lines, ended by a blank line; indented lines go on with the value above."""
    head, separator, body = text.partition("\n\n")
    metadata: dict[str, Any] = {}
    twice: dict[str, int] = {}
    key = ""
    for number, line in enumerate(head.split("\n"), offset + 1):
        match = _PELICAN.match(line)
        if match:
            key = match.group(1).strip().lower()
            value = (match.group(2) or "").strip()
            if key not in metadata:
                metadata[key] = value
            elif key in _PELICAN_LISTS:
                metadata[key] = f"{metadata[key]}, {value}"
            else:
                twice.setdefault(key, number)
                key = "\0"
        elif key and line.startswith(("  ", "\t")):
            if key in metadata:
                metadata[key] = f"{metadata[key]}\n{line.strip()}".strip()
        elif line.strip():
            return {}, text
    known = metadata.keys() & _PELICAN_KEYS
    if not known or ("title" not in metadata and len(known) < 2):  # noqa: PLR2004 - one such line may be a sentence
        return {}, text
    findings += [
        finding("front-matter", line, f"The key {name!r} stands here twice; the first counts. Keep one of them.")
        for name, line in twice.items()
    ]
    return metadata, separator[1:] + body
