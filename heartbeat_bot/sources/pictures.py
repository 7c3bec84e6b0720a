"""The pictures of an issue among the files of its source, to be uploaded with it."""

import posixpath
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.isolation.named import NamedFunction
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.links import folder_url, pelican_path
from heartbeat_bot.rendering.post import File
from heartbeat_bot.sources.snapshot import Contents

_PICTURES: Final = NamedFunction[[str, bytes], Sequence[str]]("heartbeat_bot.rendering.render:shown_pictures")
_MOST_PICTURES: Final = 100
"""Pictures of one issue that are looked for in its source, each in up to ten places: as many as the messages that it may take."""
_ROOTS = ("", "static", "public", "assets", "content", "src", "docs", "source", "files")
"""Folders that site generators serve as the site's root."""


async def attached_pictures(
    runner: Runner, contents: Contents, path: str, data: bytes, newsletter: NewsletterConfig
) -> tuple[dict[str, File], list[Finding]]:
    """Find an issue's pictures among the files of its source, when the newsletter uploads them: target as written → file to upload.

    A picture of a kind that Discord cannot show in an embed, or too large, stays a link, with a finding.
    """
    if not newsletter.images.attach:
        return {}, []
    files: dict[str, File] = {}
    findings: list[Finding] = []
    names: set[str] = set()
    own = [folder_url(base) for base in (newsletter.images.base_url, newsletter.site_url) if base]
    targets = await runner.run(_PICTURES, path, data)
    if len(targets) > _MOST_PICTURES:
        told = f"The issue shows {len(targets)} pictures; the first {_MOST_PICTURES} are uploaded, the others linked."
        findings.append(finding("picture-not-attached", None, told))
    for target in targets[:_MOST_PICTURES]:
        # A whole address on the newsletter's own site is one of its files too.
        local = next((f"/{target.removeprefix(base)}" for base in own if target.startswith(base)), target)
        for place in _places(local, path):
            found = await contents.find(place)
            if found is None:
                continue
            blob, size = found
            problem = _problem(place, size)
            if problem:
                findings.append(finding("picture-not-attached", None, problem))
            else:
                name = _distinct(PurePosixPath(place).name, names)
                files[target] = File(name=name, path=place, blob=blob)
            break
    return files, findings


def _places(target: str, issue_path: str) -> list[str]:
    """Return where in a source a picture's target may be: beside the issue, or below a folder that becomes the site's root."""
    target = pelican_path(target)
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
