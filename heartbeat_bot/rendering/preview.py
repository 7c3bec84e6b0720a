"""What would be posted, for people: the text of ``preview --format text``; for scripts see preview_json.py."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heartbeat_bot.issues.model import Finding, Issue
from heartbeat_bot.printable import one_line
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue beside what it becomes."""

    issue: Issue
    url: str
    composition: Composition
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an issue becomes, and of the issue itself what may come from its path. It travels between processes.

    ``url`` is its page's, "" when unknown; ``title`` and ``date`` are as the archive has them (see :class:`archive.entry.Entry`).
    """

    path: str
    title: str
    date: dt.date | dt.datetime | None
    url: str
    posts: tuple[Post, ...]
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
    title, image = embed.get("title", ""), embed.get("image", {})
    said = f": {image['description']}" if "description" in image else ""
    parts = (
        embed.get("author", {}).get("name"),
        f"{title}  <{embed['url']}>" if title and "url" in embed else title,
        embed.get("description"),
        f"[picture] {image['url']}{said}" if image else "",
        embed.get("footer", {}).get("text"),
    )
    return ["", *(line for part in parts if part for line in _indented(part, "┃ "))]


def _indented(text: str, bar: str) -> list[str]:
    # With spaces for tabs: code has those, and they look the same.
    return [bar + line.expandtabs() for line in text.split("\n")] if text else []
