"""How much is read of any source, and what is said when there is more: whoever may push must not fill the memory of the bot."""

from typing import Final

from heartbeat_bot.errors import SourceError
from heartbeat_bot.rendering.limits import PICTURE_BYTES

MOST_ENTRIES: Final = 200_000
"""Files and folders that are looked at, where the patterns lead: ten times a large site."""
MOST_FILES: Final = 20_000
"""Files that match: fifty years of a daily newsletter."""
MOST_PATH_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all the paths that are looked at, some 160 each."""

_NARROWER = "write narrower `paths`, such as content/blog/*.md"


class TooManyError(Exception):
    """A source holds more than is read of any; the sentence says what, and what to do."""


class Tally:
    """Counts what is looked at in a source."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._entries = self._bytes = self._files = 0

    def look_at(self, path_bytes: int) -> None:
        """Count a file or folder whose path has so many bytes; raise TooManyError when it is one too many."""
        self._entries += 1
        self._bytes += path_bytes
        if self._entries > MOST_ENTRIES:
            raise TooManyError(f"there are more than {MOST_ENTRIES:,} files and folders where `paths` leads; {_NARROWER}")
        if self._bytes > MOST_PATH_BYTES:
            raise TooManyError(
                f"the paths of the files where `paths` leads take more than {MOST_PATH_BYTES >> 20} MiB; {_NARROWER}"
            )

    def take(self) -> None:
        """Count a file that matches; raise TooManyError when it is one too many."""
        self._files += 1
        if self._files > MOST_FILES:
            raise TooManyError(f"more than {MOST_FILES:,} files match `paths`; {_NARROWER}")


def check_picture(path: str, size: int | None) -> None:
    """Raise SourceError for a file of ``size`` bytes that is too large to be uploaded; None: too large even to be fetched."""
    if size is None or size > PICTURE_BYTES:
        what = "is too large to be fetched" if size is None else f"has {size / 2**20:.1f} MiB"
        raise SourceError(f"{path}: the picture {what}, and uploads may have {PICTURE_BYTES / 2**20:.1f} MiB; make it smaller")
