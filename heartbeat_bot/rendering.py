"""A file of a newsletter → its preview, with that newsletter's settings: what `preview`, `check` and the service all go through."""

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.issues.model import Finding, Issue, Severity
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.compose import Composition, compose, picture_targets
from heartbeat_bot.messages.post import File
from heartbeat_bot.messages.preview import Preview
from heartbeat_bot.sources.snapshot import Contents

_ROOTS = ("", "static", "public", "assets", "content", "src", "docs", "source", "files")
"""Folders that site generators serve as the site's root."""


def render(path: str, data: bytes, newsletter: NewsletterConfig | None = None, *, site_url: str = "") -> Preview:
    """Read and compose a file, its pictures linked; ``site_url`` wins over the newsletter's. Raises IssueError when it cannot be read."""
    return render_issue(read_issue(path, data), newsletter, site_url=site_url)


def render_issue(
    issue: Issue, newsletter: NewsletterConfig | None = None, *, site_url: str = "", files: Mapping[str, File] | None = None
) -> Preview:
    """Compose a read issue; ``files`` maps the targets of pictures to the files that are uploaded instead of linked."""
    site = site_url or (newsletter.site_url if newsletter else None) or ""
    page = newsletter.page_url(slug=issue.slug, path=issue.path, day=issue.day) if newsletter else ""
    images = (newsletter.images.base_url if newsletter else None) or ""
    shown = _without_skipped(issue, newsletter)
    composition = compose(
        shown,
        site=_folder(site),
        page=page,
        images=_folder(images),
        ping=newsletter.announce.ping_role if newsletter else None,
        files=files,
    )
    return Preview(issue=issue, url=page, composition=composition, findings=_in_order(issue, composition))


async def attached_pictures(issue: Issue, contents: Contents) -> tuple[dict[str, File], list[Finding]]:
    """Find an issue's pictures among the files of its source: target as written → file to upload.

    A picture of a kind that Discord cannot show in an embed, or too large, stays a link, with a finding.
    """
    files: dict[str, File] = {}
    findings: list[Finding] = []
    names: set[str] = set()
    for target in picture_targets(issue):
        for path in _places(target, issue.path):
            found = await contents.find(path)
            if found is None:
                continue
            blob, size = found
            problem = _problem(path, size)
            if problem:
                findings.append(Finding(rule="picture-not-attached", severity=Severity.WARNING, line=None, message=problem))
            else:
                name = _distinct(PurePosixPath(path).name, names)
                files[target] = File(name=name, path=path, blob=blob)
            break
    return files, findings


def _folder(url: str) -> str:
    """Write a base address so that relative targets are found below it."""
    return url if not url or url.endswith("/") else f"{url}/"


def _without_skipped(issue: Issue, newsletter: NewsletterConfig | None) -> Issue:
    patterns = newsletter.sections.skip if newsletter else ()
    if not patterns:
        return issue
    kept = tuple(section for section in issue.sections if not any(pattern.search(section.title) for pattern in patterns))
    return replace(issue, sections=kept)


def _in_order(issue: Issue, composition: Composition) -> tuple[Finding, ...]:
    return tuple(
        sorted({*issue.findings, *composition.findings}, key=lambda finding: (finding.line or 0, finding.rule, finding.message))
    )


def _places(target: str, issue_path: str) -> list[str]:
    """Return where in a source a picture's target may be: beside the issue, or below a folder that becomes the site's root."""
    if ":" in target.split("/", 1)[0] or target.startswith("//"):
        return []
    target = target.split("#", 1)[0].split("?", 1)[0]
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(issue_path), target))
    rooted = posixpath.normpath(target.lstrip("/")).lstrip("./")
    places = [] if target.startswith("/") else [beside]
    places += [posixpath.normpath(posixpath.join(root, rooted)) for root in _ROOTS]
    return [place for place in dict.fromkeys(places) if place and not place.startswith("..")]


def _problem(path: str, size: int) -> str:
    if PurePosixPath(path).suffix.lower() not in limits.IMAGE_SUFFIXES:
        kinds = ", ".join(sorted(limits.IMAGE_SUFFIXES))
        return f"The picture {path!r} is linked, not uploaded: Discord shows uploaded pictures of these kinds only: {kinds}."
    if size > limits.PICTURE_BYTES:
        return (
            f"The picture {path!r} is linked, not uploaded: it has {size / 2**20:.1f} MiB, "
            f"and uploads may have {limits.PICTURE_BYTES / 2**20:.1f} MiB."
        )
    return ""


def _distinct(name: str, taken: set[str]) -> str:
    """Return a file name that Discord keeps as it is (plain letters, digits, dots, hyphens), distinct within the issue."""
    path = PurePosixPath(name)
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in path.stem)[:80].strip("-") or "picture"
    candidate, number = f"{stem}{path.suffix.lower()}", 1
    while candidate in taken:
        number += 1
        candidate = f"{stem}-{number}{path.suffix.lower()}"
    taken.add(candidate)
    return candidate
