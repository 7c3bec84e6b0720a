"""An issue beside what it becomes."""

from dataclasses import dataclass

from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.rendering.composition import Composition


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue beside what it becomes."""

    issue: Issue
    url: str
    composition: Composition
    findings: tuple[Finding, ...]
