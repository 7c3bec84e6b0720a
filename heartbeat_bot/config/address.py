"""The address of the database, which ``state`` holds, read once: whoever needs a place that follows from it asks here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote

_SQLITE: Final = "sqlite:///"
_EXAMPLE: Final = "write sqlite:/// and a file, such as sqlite:///heartbeat.db"


def expanded(path: str) -> Path:
    """Replace a ``~`` at the beginning; raise ValueError when it names a user that the machine does not have."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        user = path.split("/", 1)[0]
        raise ValueError(f"this machine knows no home folder for {user}; write the path in full") from error


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database, and the places beside it. ``file`` is SQLite's, the only kind that there is yet; see ``docs/adding-a-database.md``.

    Only :meth:`parse` reads the text of an address: a folder may be called ``what?`` or ``100%``, and no path becomes a text that is
    read again.
    """

    file: Path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address: ``sqlite:///`` and a path, in which ``%3F`` stands for ``?``. Raise ValueError, without its text, when it is none.

        A path that does not begin with a slash (``sqlite:///a.db``) is relative, see :meth:`below`.
        """
        if text.startswith(("postgresql:", "postgres:", "postgresql+")):
            raise ValueError(f"PostgreSQL is not built yet; {_EXAMPLE}")
        if not text.startswith(_SQLITE):
            raise ValueError(f"this is not a database; {_EXAMPLE}")
        written = text.removeprefix(_SQLITE)
        if "?" in written:
            raise ValueError(
                f"this is not a database that can be used: nothing may follow a '?', and one in a name is %3F; {_EXAMPLE}"
            )
        path = unquote(written, errors="surrogateescape")
        if path == ":memory:":
            raise ValueError(f"a database in memory would forget what was posted; {_EXAMPLE}")
        if not path.isprintable() or path.endswith("/") or Path(path).name in {"", ".."}:
            raise ValueError(f"this is not a database; {_EXAMPLE}")
        return cls(expanded(path))

    def __str__(self) -> str:
        """Write the address as :meth:`parse` reads it, for people."""
        return _SQLITE + str(self.file).replace("%", "%25").replace("?", "%3F")

    def below(self, folder: Path) -> Self:
        """Return the same address, with a relative path starting from a folder."""
        return type(self)(folder / self.file)

    @property
    def archive(self) -> Path:
        """The archive's file: ``heartbeat-archive.db`` beside ``heartbeat.db``."""
        return self.file.with_name(f"{self.file.stem}-archive{self.file.suffix}")

    @property
    def cache(self) -> Path:
        """The folder with copies of remote sources, ``heartbeat.cache``; it can be deleted at any time."""
        return self.file.with_suffix(".cache")

    @property
    def folder(self) -> Path:
        """The folder in which all of them lie, and the lock: the one whose disk must have room."""
        return self.file.absolute().parent
