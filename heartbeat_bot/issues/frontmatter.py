"""Bytes of a file → its text, its front matter (in any of the common styles) and its body.

Styles: YAML ``---``, TOML ``+++``, JSON ``{…}``, Pelican's ``Key: value`` header, Franklin's ``@def key = value``, none.
"""

import codecs
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import ftfy
import yaml
from frontmatter.default_handlers import BaseHandler, JSONHandler, YAMLHandler
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.model import Finding, Severity

_CONFLICT = re.compile(r"^(?:<{7} |>{7} |={7}$)", re.MULTILINE)
_PELICAN = re.compile(r"^([A-Za-z][A-Za-z0-9_ -]{0,30}):[ \t]+(\S.*)$")
_PELICAN_KEYS = frozenset(
    {"title", "date", "category", "tags", "slug", "author", "authors", "summary", "status", "modified", "lang"}
)
_MAX_ALIASES = 100
_RUN = re.compile(r"[^\x00-\x7f]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file taken apart; ``body_line`` is the line of the file (from 1) where the body starts."""

    metadata: Mapping[str, Any]
    body: str
    body_line: int
    findings: tuple[Finding, ...]


class _UniqueKeyLoader(yaml.SafeLoader):
    """The safe loader, with duplicate keys and floods of aliases as errors."""

    aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if cast("bool", self.check_event(yaml.AliasEvent)):  # pyright: ignore[reportUnknownMemberType] - PyYAML has no types here
            self.aliases += 1
            if self.aliases > _MAX_ALIASES:
                raise ConstructorError(None, None, f"more than {_MAX_ALIASES} aliases", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ConstructorError(None, None, f"the key {key.value!r} stands here twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class _TomlHandler(BaseHandler):
    """TOML by the standard library (python-frontmatter's own handler needs another package)."""

    FM_BOUNDARY = re.compile(r"^\+{3,}\s*$", re.MULTILINE)

    def load(self, fm: str) -> dict[str, Any]:
        return tomllib.loads(fm)


def decode(data: bytes, path: str) -> tuple[str, list[Finding]]:
    """Return the text of a file: BOM and CR LF removed, mojibake repaired line by line, each repair a finding.

    Raises IssueError when the bytes are no text (a NUL byte, as in images).
    """
    findings: list[Finding] = []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            text = data.decode("cp1252", errors="replace")
            findings.append(
                Finding(
                    rule="encoding", severity=Severity.WARNING, line=line, message="The file is not UTF-8; read as Windows-1252."
                )
            )
    if "\0" in text:
        raise IssueError("this is not a text file", path=path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    repaired = [line if line.isascii() else ftfy.fix_encoding(line) for line in lines]
    if repaired != lines:
        # ftfy leaves what might be meant; beside lines that it had to repair, whatever reads as UTF-8 once more is repaired too.
        repaired = [_RUN.sub(_reread, line) for line in repaired]
    for number, (line, better) in enumerate(zip(lines, repaired, strict=True), 1):
        if better != line:
            message = f"Wrongly decoded characters were repaired: {line.strip()[:40]!r} was read as {better.strip()[:40]!r}."
            findings.append(Finding(rule="mojibake", severity=Severity.WARNING, line=number, message=message))
    return "\n".join(repaired).removeprefix("\ufeff"), findings


def _reread(match: re.Match[str]) -> str:
    """Read a run of characters as the UTF-8 that was once taken for Mac Roman; as it is when it is none."""
    try:
        return match.group().encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return match.group()


def take_apart(data: bytes, path: str) -> Document:
    """Split a file into metadata and body.

    Raises IssueError, with the line in the file, when the front matter cannot be read.
    """
    text, findings = decode(data, path)
    if match := _CONFLICT.search(text):
        before = text[: match.start()]
        if _is_conflict(text):
            raise IssueError("a merge conflict was left in this file; resolve it", path=path, line=before.count("\n") + 1)
    stripped = text.lstrip("\n")
    offset = len(text) - len(stripped)
    metadata: dict[str, Any]
    if stripped.startswith("---"):
        metadata, body = _yaml(stripped, path, offset, findings)
    elif stripped.startswith("+++"):
        metadata, body = _toml(stripped, path, offset, findings)
    elif re.match(r"\{\s*(?:\n|\")", stripped):
        metadata, body = _json(stripped, path, offset)
    elif stripped.startswith("@def "):
        metadata, body = _franklin(stripped)
    else:
        metadata, body = _pelican(stripped)
    consumed = text[: len(text) - len(body)] if text.endswith(body) else ""
    return Document(metadata=metadata, body=body, body_line=consumed.count("\n") + 1, findings=tuple(findings))


def _is_conflict(text: str) -> bool:
    return all(re.search(mark, text, re.MULTILINE) for mark in (r"^<{7} ", r"^={7}$", r"^>{7} "))


def _boundaries(text: str, fence: str) -> tuple[str, str] | None:
    """Split at the fence that closes the block opened in the first line; None when it is never closed."""
    lines = text.split("\n")
    if lines[0].rstrip() != fence:
        return None
    for number in range(1, len(lines)):
        if lines[number].rstrip() in {fence, "..." if fence == "---" else fence}:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    return None


def _yaml(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    parts = _boundaries(text, "---")
    if parts is None:
        if text.split("\n", 1)[0].rstrip() == "---" and re.match(r"---\s*\n[\w-]+\s*:", text):
            raise IssueError(
                "the front matter opened by `---` is never closed; add a line `---` after it", path=path, line=offset + 1
            )
        return {}, text
    matter, body = parts
    handler = YAMLHandler()
    try:
        loaded: Any = handler.load(matter, Loader=_UniqueKeyLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = offset + 2 + (mark.line if mark else 0)
        raise IssueError(f"the front matter is not valid YAML: {error.problem or error.context}", path=path, line=line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise IssueError(f"the front matter is not valid YAML: {error}", path=path, line=offset + 1) from error
    if loaded is None:
        return {}, body
    if isinstance(loaded, dict):
        return {str(key): value for key, value in cast("dict[Any, Any]", loaded).items()}, body
    if ":" not in matter:
        # Text between two thematic breaks: an introduction, not metadata.
        return {}, text
    findings.append(
        Finding(
            rule="front-matter",
            severity=Severity.WARNING,
            line=offset + 1,
            message="The front matter is no list of `key: value` lines; its text was kept as part of the issue.",
        )
    )
    return {}, text


def _toml(text: str, path: str, offset: int, findings: list[Finding]) -> tuple[dict[str, Any], str]:
    handler = _TomlHandler()
    parts = _boundaries(text, "+++")
    if parts is None:
        findings.append(
            Finding(
                rule="front-matter",
                severity=Severity.WARNING,
                line=offset + 1,
                message="A line `+++` opens front matter that is never closed; it was kept as part of the issue.",
            )
        )
        return {}, text
    matter, body = parts
    try:
        return handler.load(matter), body
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = offset + 1 + (int(found.group(1)) if found else 0)
        raise IssueError(f"the front matter is not valid TOML: {error}", path=path, line=line) from error


def _json(text: str, path: str, offset: int) -> tuple[dict[str, Any], str]:
    try:
        loaded, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        if not JSONHandler().detect(text):
            return {}, text
        raise IssueError(f"the front matter is not valid JSON: {error.msg}", path=path, line=offset + error.lineno) from error
    except RecursionError as error:
        raise IssueError("the front matter is nested too deeply", path=path, line=offset + 1) from error
    body = text[end:]
    body = re.sub(r"\A[ \t]*\n---[ \t]*(?=\n|\Z)", "", body)
    return cast("dict[str, Any]", loaded), body


def _franklin(text: str) -> tuple[dict[str, Any], str]:
    metadata: dict[str, Any] = {}
    rest = text
    while match := re.match(r'@def\s+(\w+)\s*=\s*("""(?:.|\n)*?"""|[^\n]*)(?:\n|\Z)', rest):
        metadata[match.group(1)] = match.group(2).strip().strip('"')
        rest = rest[match.end() :]
    if "rss" in metadata and "description" not in metadata:
        metadata["description"] = metadata["rss"]
    if "published" in metadata and "date" not in metadata:
        metadata["date"] = metadata["published"]
    return metadata, rest


def _pelican(text: str) -> tuple[dict[str, Any], str]:
    head, separator, body = text.partition("\n\n")
    metadata: dict[str, Any] = {}
    for line in head.split("\n"):
        match = _PELICAN.match(line)
        if match:
            metadata[match.group(1).strip().lower()] = match.group(2).strip()
        elif not (metadata and line.startswith((" ", "\t"))):
            return {}, text
    if not metadata.keys() & _PELICAN_KEYS or "title" not in metadata:
        return {}, text
    return metadata, separator[1:] + body
