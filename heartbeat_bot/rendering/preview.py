"""What would be posted, for people: the text of ``preview --format text``; for scripts see preview_json.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.printable import one_line
from heartbeat_bot.rendering.composition import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue beside what it becomes."""

    issue: Issue
    url: str
    composition: Composition
    findings: tuple[Finding, ...]


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding in the promised shape."""
    return {"rule": finding.rule, "severity": finding.severity.value, "line": finding.line, "message": finding.message}


def as_text(preview: Preview) -> str:
    """Return an issue's messages for a terminal: each framed, embeds marked by a bar, with what there is to say about the issue."""
    issue = preview.issue
    lines = [f"{issue.title}  ({issue.path})"]
    facts = [str(issue.day) if issue.day else "no date", f"slug {issue.slug}", "draft" if issue.draft else "", preview.url]
    lines.append(" · ".join(fact for fact in facts if fact))
    posts = preview.composition.posts
    count = len(posts)
    # Where the jumps of the cover lead has no address before it is sent.
    places = {post.key: f"message {number}" for number, post in enumerate(posts, 1)}
    for number, post in enumerate(posts, 1):
        body = post.body(places)
        size = len(body["content"]) + sum(embed.characters for embed in post.embeds)
        lines += ["", f"── message {number} of {count} · {post.key} · {size} characters ".ljust(78, "─")]
        lines += _indented(body["content"], "")
        for embed in body["embeds"]:
            lines += _embed_lines(embed)
    if preview.findings:
        lines += ["", f"── {len(preview.findings)} to look at ".ljust(78, "─")]
        lines += [finding_line(issue.path, finding) for finding in preview.findings]
    return "\n".join(map(one_line, lines))


def finding_line(path: str, finding: Finding) -> str:
    """Write a finding in a line, as compilers do: file, line, severity, sentence, rule."""
    place = path if finding.line is None else f"{path}:{finding.line}"
    return one_line(f"{place}: {finding.severity.value}: {finding.message} [{finding.rule}]")


def _embed_lines(embed: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    if author := embed.get("author"):
        lines += _indented(author["name"], "┃ ")
    if title := embed.get("title"):
        lines += _indented(f"{title}  <{embed['url']}>" if embed.get("url") else title, "┃ ")
    if description := embed.get("description"):
        lines += _indented(description, "┃ ")
    if image := embed.get("image"):
        said = f": {image['description']}" if image.get("description") else ""
        lines += _indented(f"[picture] {image['url']}{said}", "┃ ")
    if footer := embed.get("footer"):
        lines += _indented(footer["text"], "┃ ")
    return ["", *lines]


def _indented(text: str, bar: str) -> list[str]:
    # With spaces for tabs: code has those, and they look the same.
    return [bar + line.expandtabs() for line in text.split("\n")] if text else []
