"""Opens a file that others may have put there: a regular one only, where it is said to be, and never for longer than that takes.

A link may lead to secrets, a pipe never answers, a device never ends or does something when it is opened, and a file with a hole is
larger than memory without taking room on a disk. All readers of such files go through :func:`open_regular`.
"""

import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# What a name leads to may change between the look and the opening: a link is not followed then, a pipe and a terminal do not hold us.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_PSEUDO: Final = ("/proc", "/sys")
"""Where Linux shows the machine as files that are regular, as they say, and may wait for ever when they are read."""


class IrregularError(Exception):
    """What is to be read, or a folder on the way to it, is no regular file or folder; says what it is instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularFile:
    """A regular file that is open: ``size`` in bytes and ``changed`` (seconds since 1970) as they were when it was opened."""

    size: int
    changed: float
    file: BinaryIO

    def read(self) -> bytes:
        """Return what was in the file when it was opened, no more if it grows. Who calls looks at ``size`` first."""
        return self.file.read(self.size)


@contextmanager
def open_regular(root: Path, parts: Sequence[str]) -> Generator[RegularFile]:
    """Open the file that ``parts`` lead to from the folder ``root``: names of folders and the file's, none of which may be a link.

    ``root`` itself may be one. Raises IrregularError, and OSError when there is no such file or it may not be read.
    """
    with _folder_of(root, parts) as folder:
        # Before it is opened: a device does things then.
        _check(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False))
        descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor, not a path
        status = os.fstat(descriptor)
        _check(status)
        yield RegularFile(size=status.st_size, changed=status.st_mtime, file=file)


def write_regular(root: Path, parts: Sequence[str], content: bytes) -> None:
    """Write the file that ``parts`` lead to from the folder ``root``, new or in place of what it held; errors as :func:`open_regular`'s."""
    with _folder_of(root, parts) as folder:
        with suppress(FileNotFoundError):
            _check(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False))
        descriptor = os.open(parts[-1], _NEW, 0o666, dir_fd=folder)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        file.write(content)


def kind_of(mode: int) -> str:
    """Say what a file's mode (``st_mode``) says it is: a word for a sentence."""
    kinds = {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a pipe (FIFO)",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


@contextmanager
def _folder_of(root: Path, parts: Sequence[str]) -> Generator[int]:
    """Open the folder in which the last of ``parts`` is."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            folder = _inside(folder, part)
        yield folder
    finally:
        os.close(folder)


def _inside(folder: int, part: str) -> int:
    """Open a folder in a folder that is open, which is closed then."""
    if not stat.S_ISDIR(mode := os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode):
        raise IrregularError(f"{part} is {kind_of(mode)}, not a folder")
    inner = os.open(part, _FOLDER, dir_fd=folder)
    os.close(folder)
    return inner


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise IrregularError(f"it is {kind_of(status.st_mode)}, not a file")
    if status.st_dev in {os.stat(place).st_dev for place in _PSEUDO if os.path.ismount(place)}:  # noqa: PTH116 - by text
        raise IrregularError("it is a part of the running system, not a file on a disk")
