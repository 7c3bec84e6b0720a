"""What the tests of the sources share: folders full of files, and the repositories made of them."""

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.sources.git.source import GitSource
from heartbeat_bot.sources.snapshot import Source

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
_DATED = {"GIT_COMMITTER_DATE": "2026-03-02T08:00:00Z", "GIT_AUTHOR_DATE": "2026-03-02T07:00:00Z"}
_IDENTITY = (
    "-c",
    "user.name=Ann",
    "-c",
    "user.email=ann@example.org",
    "-c",
    "core.autocrlf=false",
    "-c",
    "protocol.file.allow=always",
)


def git(folder: Path, *words: str, stdin: str = "") -> str:
    command = ["git", "-C", str(folder), *_IDENTITY, *words]
    done = subprocess.run(command, check=True, env=ENVIRONMENT | _DATED, capture_output=True, input=stdin.encode())
    return done.stdout.decode("utf-8", "backslashreplace").strip()


def name_of(content: bytes) -> str:
    """Return Git's name for bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Origin:
    """A folder that is a repository, too."""

    def __init__(self, folder: Path, *, object_format: str = "sha1") -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        git(folder, "init", "--quiet", "--initial-branch=main", f"--object-format={object_format}")
        # What the hosts of repositories allow: filters, and blobs by their names.
        git(folder, "config", "uploadpack.allowFilter", "true")

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def write(self, files: Mapping[str | bytes, bytes]) -> None:
        for path, content in files.items():
            place = os.path.join(os.fsencode(self.folder), os.fsencode(path))  # noqa: PTH118 (names that are not UTF-8)
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            with open(place, "wb") as file:  # noqa: PTH123
                file.write(content)

    def commit(self, files: Mapping[str | bytes, bytes] | None = None) -> str:
        self.write(files or {})
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message=change")
        return git(self.folder, "rev-parse", "HEAD")

    def rewrite(self, files: Mapping[str | bytes, bytes]) -> None:
        """Replace the whole history by one commit, and forget the old one's objects."""
        git(self.folder, "checkout", "--quiet", "--orphan", "fresh")
        git(self.folder, "rm", "-r", "--quiet", "--force", ".")
        self.commit(files)
        git(self.folder, "branch", "--quiet", "--force", "--move", "fresh", "main")
        git(self.folder, "reflog", "expire", "--expire=now", "--all")
        git(self.folder, "gc", "--quiet", "--prune=now")

    def as_directory(self, paths: Sequence[str] = ("**/*.md",)) -> DirectorySource:
        return DirectorySource(self.folder, paths)

    def as_git(self, cache: Path, paths: Sequence[str] = ("**/*.md",), *, branch: str | None = "main") -> GitSource:
        return GitSource(self.url, paths, cache_dir=cache, branch=branch, environ=ENVIRONMENT)

    def sources(self, cache: Path, paths: Sequence[str] = ("**/*.md",)) -> dict[str, Source]:
        return {"directory": self.as_directory(paths), "git": self.as_git(cache, paths)}
