"""The files that `check` and `preview` are given, and where a report may be written: in a checkout, names and links are strangers' words.

A continuous integration runs both on what a pull request brings. So only regular files are read that lie in the folder in which the
command runs, or below the folder that is named when that is elsewhere. A hard link is a file like any other and cannot be told; Git makes
none.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.sources.regular_file import IrregularError, kind_of, write_regular

_SUFFIXES: Final = (".md", ".markdown", ".mdx", ".rmd", ".qmd")
_GIT: Final = ".git"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file: ``path`` as it is shown, and the way to it from a folder without links; ``problem`` says why it is not read."""

    path: Path
    root: Path = Path()
    parts: Sequence[str] = ()
    problem: Finding | None = None


def issue_files(paths: Sequence[Path], patterns: PathPatterns | None) -> Iterator[FoundFile]:
    """Yield files as given, and from folders those that match the patterns, else every Markdown file that is not hidden.

    What stands in a folder as an issue would, and is no regular file, is yielded with its problem.
    """
    for path in paths:
        try:
            root, parts = located(path)
        except (IrregularError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            yield FoundFile(path=path, problem=finding("unreadable", None, f"it is not read: {reason}"))
            continue
        if path.is_dir():
            yield from _in_folder(path, root.joinpath(*parts), patterns)
        else:
            yield FoundFile(path=path, root=root, parts=parts)


def located(path: Path) -> tuple[Path, tuple[str, ...]]:
    """Return a folder and the way from it to a file or folder that is there, without links.

    In the current folder a link may lead to what lies there too and is not hidden, as Git's own files and those with keys are. What is
    elsewhere was named by who runs the command: a link may lead to what lies beside it. Raises IrregularError for any other.
    """
    here = _below_here(path)
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links
    folder, parts = here or (whole.parent.resolve(), (whole.name,) if whole.name else ())
    try:
        real = path.resolve(strict=True)
    except RuntimeError as error:
        raise IrregularError("it is a symbolic link that leads to itself") from error
    if not real.is_relative_to(folder):
        raise IrregularError(f"it is a symbolic link, or behind one, that leads out of {'this folder' if here else folder}")
    inside = real.relative_to(folder).parts
    if inside != parts and any(part.startswith(".") for part in inside):
        raise IrregularError("it is a symbolic link, or behind one, that leads to a hidden file or folder")
    return folder, inside


def shown(path: Path) -> str:
    """Return a path as it can be printed, even when its name is not UTF-8: as sources show it."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def write(path: Path, content: bytes) -> None:
    """Write a report. In the current folder it replaces a regular file or makes one, and no link is followed on the way to it.

    Raises IrregularError when there is something else, and OSError.
    """
    here = _below_here(path)
    if here is None:
        path.write_bytes(content)
    else:
        write_regular(*here, content)


def _below_here(path: Path) -> tuple[Path, tuple[str, ...]] | None:
    """Return the current folder and the way from there, as it is written; None for a path that does not lead through it."""
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links
    for folder in reversed((whole, *whole.parents)):
        if folder.exists() and folder.samefile("."):
            return Path.cwd(), whole.relative_to(folder).parts
    return None


@dataclass(slots=True)
class _Listing:
    """What lies below a folder: ways to regular files; to links to folders; to everything else, with what each is."""

    files: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    linked: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    others: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    closed: dict[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])


def _in_folder(path: Path, root: Path, patterns: PathPatterns | None) -> Iterator[FoundFile]:
    listing = _listed(root)
    plain = {parts for parts in listing.files if _is_markdown(parts)}
    matching = {parts for parts in listing.files if patterns and patterns.match("/".join(parts))}
    if patterns and matching:
        odd = {parts for parts in listing.others if patterns.match("/".join(parts))}
        odd |= {parts for parts in listing.linked if patterns.leads_to("/".join(parts))}
    else:
        odd = {parts for parts in listing.others if _is_markdown(parts)}
        odd |= {parts for parts in listing.linked if not _is_hidden(parts)}
    closed = {parts for parts in listing.closed if not _is_hidden(parts)}
    for parts in sorted((matching or plain) | odd | closed):
        place = path.joinpath(*parts)
        if parts in odd:
            what = listing.others.get(parts, "a symbolic link to a folder")
            message = f"This is {what}, which is not read; only regular files are."
            yield FoundFile(path=place, problem=finding("not-a-file", None, message))
        elif parts in closed:
            yield FoundFile(
                path=place, problem=finding("unreadable", None, f"the folder cannot be listed: {listing.closed[parts]}")
            )
        else:
            yield FoundFile(path=place, root=root, parts=parts)


def _listed(root: Path) -> _Listing:
    listing = _Listing()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root.joinpath(*folder)) as entries:
                for entry in entries:
                    parts = (*folder, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [parts] if entry.name != _GIT else []
                    elif entry.is_file(follow_symlinks=False):
                        listing.files.append(parts)
                    elif entry.is_symlink() and _is_folder(entry):
                        listing.linked.append(parts)
                    else:
                        mode = stat.S_IFLNK if entry.is_symlink() else entry.stat(follow_symlinks=False).st_mode
                        listing.others[parts] = kind_of(mode)
        except OSError as error:
            listing.closed[folder] = error.strerror or str(error)
    return listing


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # it leads round in a circle
        return False


def _is_markdown(parts: Sequence[str]) -> bool:
    return not _is_hidden(parts) and Path(parts[-1]).suffix.lower() in _SUFFIXES


def _is_hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in parts)
