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

from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.decoding import decode, in_fences, sound
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.strict_yaml import NoYamlError, read_yaml

_CONFLICT = (re.compile(r"^<{7}(?: |$)"), re.compile(r"^={7}$"), re.compile(r"^>{7}(?: |$)"))
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
_JULIA = r'(\w+)\s*=\s*("""(?:.|\n)*?"""|[^\n]*)'
_FRANKLIN = re.compile(rf"(?:[ \t]*\n)*@def\s+{_JULIA}(?:\n|\Z)")
_ASSIGNMENT = re.compile(rf"\s*(?:#[^\n]*|{_JULIA})?(?:\n|\Z)")
_JULIA_DATE = re.compile(r"(?:Dates?\.)?Date\(\s*(\d{4})\s*,\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)")
_MAX_MATTER: Final = 64 * 1024
_MAX_DOTS: Final = 20
_MAX_VALUES: Final = 20_000
"""Real front matter has a dozen values."""
_MAX_BITS: Final = 4096
"""Python refuses to write out integers of more than 4,300 digits, but not to read them from ``0xff…``."""

# The opening line is the first boundary, and the first one after it ends the block. The package's own boundaries are looser, its TOML handler
# needs the package toml, and its JSON handler splits at any line that is a brace.
_YAML: Final = YAMLHandler(re.compile(r"^(?:---|\.\.\.)[^\S\n]*$", re.MULTILINE))
_TOML: Final = BaseHandler(re.compile(r"^\+\+\+[^\S\n]*$", re.MULTILINE))
_JSON: Final = JSONHandler(re.compile(r"\{\s*(?:\n|\")"))


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


def split_document(data: bytes, path: str) -> Document:
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
    try:
        metadata, body = _by_style(stripped, path, offset, findings)
        if problem := _excess(metadata):
            raise IssueError(problem, path=path, line=offset + 1)
        metadata = cast("dict[str, Any]", _sound(metadata))
    except RecursionError as error:
        raise IssueError("the front matter is nested too deeply", path=path, line=offset + 1) from error
    header = text[: len(text) - len(body)]
    lines = _key_lines(header, json_style=stripped.startswith("{")) if metadata else {}
    return Document(metadata=metadata, key_lines=lines, body=body, body_line=header.count("\n") + 1, findings=tuple(findings))


def _by_style(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    """Return the metadata that a text starts with, {} for none, and the rest of it."""
    if text.startswith("---") and _YAML.detect(text):
        found = _yaml(text, path, offset, findings)
    elif _TOML.detect(text):
        found = _toml(text, path, offset, findings)
    elif _JSON.detect(text):
        found = _json(text, path, offset)
    elif re.match(r"@def\s", text):
        metadata, body = _franklin(text, _FRANKLIN)
        found = metadata, _without_tildes(body)
    elif nikola := _NIKOLA.match(text):
        found = _nikola(nikola), text[nikola.end() :]
    elif _lacks_opening(text):
        metadata, body = _yaml(f"---\n{text}", path, offset - 1, findings)
        found = (metadata, body if metadata else text)
    else:
        found = _pelican(text, offset, findings)
    return found


def _conflict(text: str) -> int:
    """Return the line (from 1) where a merge conflict starts, 0 when there is none; code that shows one is no conflict."""
    lines = text.split("\n")
    code = in_fences(lines)
    others = ((number, line) for number, line in enumerate(lines, 1) if number - 1 not in code)
    found = [next((number for number, line in others if pattern.match(line)), 0) for pattern in _CONFLICT]
    return found[0] if all(found) else 0


def _key_lines(header: str, *, json_style: bool) -> dict[str, int]:
    pattern = _JSON_KEY if json_style else _TOP_LEVEL_KEY
    lines: dict[str, int] = {}
    for number, line in enumerate(header.split("\n"), 1):
        if match := pattern.match(line):
            lines.setdefault(match.group(1).lower(), number)
    return lines


def _excess(metadata: Mapping[str, Any]) -> str:
    """Say what makes metadata too much to work with; "" when nothing does."""
    count, waiting = 0, [cast("object", metadata)]
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MAX_VALUES:
            return "the front matter holds more values than an issue needs; leave out those that nobody reads"
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


def _split(handler: BaseHandler, text: str, path: str, offset: int) -> tuple[str, str] | None:
    """Split at the line that ends the block that a handler detected; None when it is never closed."""
    try:
        matter, body = handler.split(text)
    except ValueError:
        return None
    matter, body = matter.removeprefix("\n").removesuffix("\n"), body.removeprefix("\n")
    if len(matter) > _MAX_MATTER:
        message = f"the front matter has more than {_MAX_MATTER // 1024} KiB; was it meant to end earlier?"
        raise IssueError(message, path=path, line=max(offset + 1, 1))
    return matter, body


def _yaml(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    parts = _split(_YAML, text, path, offset)
    if parts is None:
        if _opens_yaml(text):
            raise IssueError(
                "the front matter opened by `---` is never closed; add a line `---` after it", path=path, line=offset + 1
            )
        return {}, text
    matter, body = parts
    try:
        # As many lines as stand above it in the file.
        reading = read_yaml("\n" * (offset + 1) + matter, _YAML.load).or_fail()
    except NoYamlError as error:
        if not any(_YAML_KEY.match(line) for line in matter.split("\n")):
            return {}, text
        raise IssueError(f"the front matter cannot be read: {error}", path=path, line=error.line) from error
    value: object = reading.value
    if value is None:
        return {}, body
    if isinstance(value, dict):
        return cast("dict[str, Any]", value), body
    if ":" in matter or isinstance(value, list):
        message = "The front matter is no list of `key: value` lines; its text was kept as part of the issue. Write keys before the values."
        findings.append(finding("front-matter", offset + 1, message))
    # Else text between two thematic breaks: an introduction, not metadata.
    return {}, text


def _opens_yaml(text: str) -> bool:
    """Tell whether a `---` that nothing closes was meant to open front matter, rather than to draw a line."""
    head = text.partition("\n")[2].split("\n\n", 1)[0].rstrip("\n").split("\n")
    return all(_YAML_OPENING.match(line) for line in head) and any(map(_YAML_KEY.match, head))


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
    parts = _split(_TOML, text, path, offset)
    if parts is None:
        message = "A line `+++` opens front matter that is never closed; it was kept as part of the issue. Close it."
        findings.append(finding("front-matter", offset + 1, message))
        return {}, text
    matter, body = parts
    for number, line in enumerate(matter.split("\n")):
        # The standard library's reader takes time and memory that grow with the square of a key's parts.
        if line.split("=", 1)[0].count(".") > _MAX_DOTS:
            raise IssueError("the front matter is nested too deeply", path=path, line=offset + 2 + number)
    try:
        return tomllib.loads(matter), body
    except tomllib.TOMLDecodeError as error:
        # Newer Franklin sites write Julia between the same marks.
        julia, rest = _franklin(matter, _ASSIGNMENT)
        if not rest and _JULIA_DATE.search(matter):
            return julia, _without_tildes(body)
        found = re.search(r"line (\d+)", str(error))
        line = offset + 1 + (int(found.group(1)) if found else matter.count("\n") + 1)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise IssueError(f"the front matter is not valid TOML: {reason}", path=path, line=line) from error
    except ValueError as error:
        raise IssueError(f"the front matter is not valid TOML: {error}", path=path, line=offset + 1) from error


def _json(text: str, path: str, offset: int) -> tuple[dict[str, Any], str]:
    try:
        loaded, end = json.JSONDecoder(object_pairs_hook=_unique).raw_decode(text)
    except json.JSONDecodeError as error:
        if not re.match(r"\{\s*\"[^\"\n]+\"\s*:", text):
            return {}, text
        raise IssueError(f"the front matter is not valid JSON: {error.msg}", path=path, line=offset + error.lineno) from error
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


def _franklin(text: str, pattern: re.Pattern[str]) -> tuple[dict[str, Any], str]:
    """Read lines of ``key = value`` in Julia, and return what is none behind them."""
    metadata: dict[str, Any] = {}
    position = 0
    while position < len(text) and (match := pattern.match(text, position)):
        if match[1]:
            metadata[match[1]] = _julia_value(match[2])
        position = match.end()
    for ours, theirs in (
        ("description", "rss"),
        ("description", "rss_description"),
        ("date", "published"),
        ("date", "rss_pubdate"),
    ):
        if theirs in metadata:
            metadata.setdefault(ours, metadata[theirs])
    return metadata, text[position:]


def _without_tildes(body: str) -> str:
    """Blank the marks that Franklin's authors put round HTML; to all others they are a block of code."""
    return body.replace("~~~", "   ")


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
