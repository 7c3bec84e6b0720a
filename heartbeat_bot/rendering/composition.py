"""What any layout makes of an issue."""

from dataclasses import dataclass

from bs4.element import Tag

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.rendering.post import Post, PostKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What an issue becomes: posts in sending order, what was noticed, and where each section begins."""

    posts: tuple[Post, ...]
    findings: tuple[Finding, ...]
    firsts: tuple[tuple[Tag, PostKey], ...]
    """The heading of each section that is not empty, in order, and the key of its first post."""
