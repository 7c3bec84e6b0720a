"""A file of a newsletter → its preview, its pictures taken from the source for upload: what the service goes through."""

import asyncio
import posixpath
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote

from heartbeat_bot.faults import apart
from heartbeat_bot.issues.model import Finding, Issue
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.compose import picture_targets
from heartbeat_bot.messages.post import File
from heartbeat_bot.messages.preview import Preview
from heartbeat_bot.rendering import Settings, folder_url, render_issue
from heartbeat_bot.sources.snapshot import Contents

_ROOTS = ("", "static", "public", "assets", "content", "src", "docs", "source", "files")
"""Folders that site generators serve as the site's root."""


async def render_from(contents: Contents, path: str, data: bytes, newsletter: Settings, *, site_url: str = "") -> Preview:
    """Read and compose a file as :func:`render` does, its pictures uploaded from ``contents`` when the newsletter says so.

    Raises IssueError, and SourceError when a picture cannot be read.
    """
    with apart(path):
        issue = await asyncio.to_thread(read_issue, path, data)
        files, findings = await _attached_pictures(issue, contents, newsletter) if newsletter.images.attach else ({}, [])
        preview = await asyncio.to_thread(render_issue, issue, newsletter, site_url=site_url, files=files)
        return replace(preview, findings=(*preview.findings, *findings))


async def _attached_pictures(issue: Issue, contents: Contents, newsletter: Settings) -> tuple[dict[str, File], list[Finding]]:
    """Find an issue's pictures among the files of its source: target as written → file to upload.

    A picture of a kind that Discord cannot show in an embed, or too large, stays a link, with a finding.
    """
    files: dict[str, File] = {}
    findings: list[Finding] = []
    names: set[str] = set()
    own = [folder_url(base) for base in (newsletter.images.base_url, newsletter.site_url) if base]
    for target in picture_targets(issue):
        # A whole address on the newsletter's own site is one of its files too.
        local = next((f"/{target.removeprefix(base)}" for base in own if target.startswith(base)), target)
        for path in _places(local, issue.path):
            found = await contents.find(path)
            if found is None:
                continue
            blob, size = found
            problem = _problem(path, size)
            if problem:
                findings.append(finding("picture-not-attached", None, problem))
            else:
                name = _distinct(PurePosixPath(path).name, names)
                files[target] = File(name=name, path=path, blob=blob)
            break
    return files, findings


def _places(target: str, issue_path: str) -> list[str]:
    """Return where in a source a picture's target may be: beside the issue, or below a folder that becomes the site's root."""
    if ":" in target.split("/", 1)[0] or target.startswith("//"):
        return []
    target = unquote(target.split("#", 1)[0].split("?", 1)[0])
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
