"""From what git writes to stderr to a sentence that says what to do, and to an error of who is to blame."""

import re
from dataclasses import dataclass

from heartbeat_bot.errors import SourceError
from heartbeat_bot.redaction import without_credentials
from heartbeat_bot.sources.git.command import FILE_SIZE, MEMORY

# Each sign is searched in git's English messages (git sets LC_ALL=C); the first that is found gives the sentence.
_SIGNS: tuple[tuple[str, str], ...] = (
    (
        r"dubious ownership",
        "the folder belongs to another user; run 'git config --global --add safe.directory FOLDER' as the bot's user, or give it the folder",
    ),
    (r"Could not resolve host", "the host cannot be found; check the address and the network"),
    (
        r"Connection (?:refused|timed out|reset)|Failed to connect|Network is unreachable|No route to host|Operation timed out",
        "the host does not answer; check the address and the network",
    ),
    (r"certificate|SSL", "the secure connection failed; check the host's certificate and this machine's clock"),
    (r"Host key verification failed", "ssh does not know the host's key; run 'ssh HOST' once as the bot's user and accept it"),
    (
        r"Permission denied \(|Authentication failed|could not read (?:Username|Password)|Invalid username|terminal prompts disabled|HTTP Basic",
        "access was refused; give the bot's user an ssh key, a git credential helper, or source.auth_env, that may read the repository",
    ),
    (
        r"(?:error|returned error): 403|not authorized|Access denied",
        "access was refused; the credentials may not read this repository",
    ),
    (
        r"[Rr]epository .*not found|returned error: 404|does not appear to be a git repository|invalid gitfile format|not found: did you run",
        "there is no repository that the bot may read; check the address, and its access if the repository is private",
    ),
    (r"transport '.*' not allowed", "this kind of address is not allowed; use https or ssh"),
    (r"Permission denied", "a folder may not be read or written; check its permissions"),
    (r"No space left on device", "the disk is full"),
)
# What git says when it, or a helper of it, meets a limit that it was started with (see command.py): memory, a file's size, time.
_LIMIT = re.compile(
    r"[Oo]ut of memory|Cannot allocate memory|File too large|died of signal (?:24|25)\b|unable to create thread"
    r"|unable to deflate|inflate: data stream error \(out of memory\)"
)
_TOO_MUCH = (
    f"the remote sends more than is taken from any ({MEMORY >> 20} MiB of memory, or {FILE_SIZE >> 30} GiB in one file); "
    "check that this is the right repository, and keep the newsletter in a smaller one"
)
_LAST = 8192
_LINE = 300
"""Characters of a complaint, from its end, and of each of its lines that are looked at: the remote writes in it what it likes."""
_NOISE = re.compile(r"^(?:warning: .*|hint: .*|Please make sure.*|and the repository exists\.|remote: *)$", re.MULTILINE)


class CopyBrokenError(Exception):
    """The copy, not the remote, is to blame."""


class MissingError(SourceError):
    """A file can be had neither from the copy nor from the remote: a copy that is damaged hides what it lacks."""


class FetchLimitError(SourceError):
    """A fetch met one of git's limits: memory, a file's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A sentence, and whether it tells of the remote or the machine (True) or may come from a broken copy of ours (False).

    ``too_much``: git met one of its limits.
    """

    sentence: str
    known: bool
    too_much: bool = False


def read_complaint(complaint: str) -> Explanation:
    """Say what git complains of, without any credentials that stand in it."""
    told = without_credentials(complaint[-_LAST:])
    if _LIMIT.search(told):
        return Explanation(sentence=_TOO_MUCH, known=True, too_much=True)
    for sign, sentence in _SIGNS:
        if re.search(sign, told):
            return Explanation(sentence=sentence, known=True)
    lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in _NOISE.sub("", told).splitlines() if line.strip()]
    return Explanation(sentence=f"git says: {'; '.join(line[:_LINE] for line in lines[-3:]) or 'nothing'}", known=False)


def fetch_error(source: str, complaint: str) -> SourceError | CopyBrokenError:
    """Return the error of a fetch that failed: of the ``source``, or of the copy that it was for."""
    reading = read_complaint(complaint)
    if reading.too_much:
        return FetchLimitError(f"{source}: {reading.sentence}")
    return SourceError(f"{source}: {reading.sentence}") if reading.known else CopyBrokenError(reading.sentence)
