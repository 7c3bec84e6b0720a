"""What would be posted, for people: the text of ``preview --format text``; for scripts see preview_json.py."""

from collections.abc import Mapping
from typing import Any

from heartbeat_bot.cli.checks import finding_line
from heartbeat_bot.printable import one_line
from heartbeat_bot.rendering.preview import Preview


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
