"""Addresses of Git repositories: which are taken, and the credentials that may stand in them."""

import os
import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote_to_bytes, urlsplit

from heartbeat_bot.redaction import shown_address

# Transports that only carry data. ext:: and fd:: run commands, as does any other helper that is installed under git-remote-*.
ALLOWED_PROTOCOLS = ("https", "http", "ssh", "git", "file")
"""The transports that git may use."""
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_SCP = re.compile(r"(?:[^/@:\s-][^/@:\s]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/@:\s\[-][^/@:\s]*):[^\s-].*")
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)@([^/?#@]*)(.*)", re.DOTALL)
# The user that hosts want beside a token; those that want none in particular (GitLab, Gitea) take this one too.
_TOKEN_USER = "x-access-token"  # noqa: S105 - a user, no password
# The rules of git check-ref-format, without the ones about refs outside of refs/heads/.
_BAD_BRANCH = re.compile(r"^[-/.]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|/\.|\.lock(?:/|$)|[/.]$|^@$|^$")


class RemoteKind(Enum):
    """How an address of a repository is written."""

    URL = "url"
    """``https://host/path``."""
    SCP = "scp"
    """``user@host:path``, which is ssh."""
    PATH = "path"
    """A folder of this machine."""


def remote_kind(address: str) -> RemoteKind:
    """Tell how an address is written; raise ValueError, without showing a password, for one that git must not be given.

    An address never becomes an option of git or ssh, and never names a helper that runs commands.
    """
    shown = shown_address(_AUTHORITY.sub(r"\1://\3\4", address))
    if not address.strip() or re.search(r"[\x00-\x1f\x7f]", address):
        raise ValueError("the repository's address is empty or holds control characters")
    if address.startswith("-"):
        raise ValueError(f"'{shown}' would be taken for an option of git; write ./ in front of a path")
    if re.match(r"[A-Za-z0-9+.-]+::", address):
        raise ValueError(f"'{shown}' names a transport helper, which could run commands; write an https:// or ssh:// address")
    if url := _URL.fullmatch(address):
        _check_url(address, url[1].lower(), shown)
        return RemoteKind.URL
    if re.match(r"[^/@]*:[^/]*@", address):
        # ssh would take the user for the host. The address is not shown: a password stands in it.
        raise ValueError("an ssh address holds no password; write user@host:path, and give the bot's user an ssh key")
    if ":" in address.split("/", 1)[0]:
        if _SCP.fullmatch(address):
            return RemoteKind.SCP
        raise ValueError(f"'{shown}' is not an address of a repository; ssh addresses are written user@host:path")
    return RemoteKind.PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user and a password, or a token as one, for a remote that is reached over HTTP. ``password`` None: only the user is known."""

    user: str
    password: str | None = field(default=None, repr=False)


def without_userinfo(address: str) -> tuple[str, Credentials | None]:
    """Take user and password out of an address that :func:`remote_kind` takes: an address to hand on, and what stood in it.

    The user of an ssh address stays: ssh takes it from there. A password in one goes, as in a git:// address: neither knows any.
    Raise ValueError for a password that no protocol can carry.
    """
    found = _AUTHORITY.fullmatch(address)
    if remote_kind(address) is not RemoteKind.URL or found is None or found[1].lower() == "file":
        return address, None
    scheme, userinfo, host, rest = found.groups()
    user, colon, password = userinfo.partition(":")
    match scheme.lower():
        case "ssh":
            return f"{scheme}://{user}@{host}{rest}", None
        case "git":
            return f"{scheme}://{host}{rest}", None
        case _:
            given = Credentials(user=_decoded(user), password=_decoded(password) if colon else None)
            return f"{scheme}://{host}{rest}", given if given.user or given.password else None


def _decoded(part: str) -> str:
    """Read what stands in an address percent-encoded; bytes that are no UTF-8 go on to git as they are."""
    decoded = os.fsdecode(unquote_to_bytes(part))
    if re.search(r"[\x00-\x1f\x7f]", decoded):
        raise ValueError(
            "the user name or the password in the repository's address holds a control character, which git cannot hand on"
        )
    return decoded


def read_credentials(value: str, address: str) -> Credentials:
    """Read ``user:password``, or a token alone: its user is the one that the address names, or one that hosts take."""
    user, colon, password = value.partition(":")
    if colon:
        return Credentials(user=user, password=password)
    named = without_userinfo(address)[1]
    return Credentials(user=named.user if named else _TOKEN_USER, password=value)


def _check_url(address: str, scheme: str, shown: str) -> None:
    if scheme not in ALLOWED_PROTOCOLS:
        known = ", ".join(f"{name}://" for name in ALLOWED_PROTOCOLS)
        raise ValueError(f"'{shown}' begins with {scheme}://, which is not read; use one of {known}")
    try:
        parts = urlsplit(address)
        host, user, _ = parts.hostname, parts.username or "", parts.port
        # What looks like a path may be the rest of a password.
        torn = scheme in {"http", "https"} and ":" in parts.netloc and "@" in address.partition("://")[2][len(parts.netloc) :]
    except ValueError:
        torn, host, user = True, None, ""
    if torn:
        # Neither the address nor Python's words are shown. A password with a / in it ends the host's part too early, so that the
        # rest of it looks like a path and would be shown as one.
        raise ValueError(
            f"the repository's address is not written {scheme}://host/path; in a user name or password / is written %2F, @ %40, "
            "# %23 and ? %3F, and so is an @ in a path behind a port or a password (better keep passwords out of this file, with auth_env)"
        )
    if scheme != "file" and (not host or host.startswith("-") or user.startswith("-")):
        raise ValueError(f"'{shown}' names no host that could be asked; write {scheme}://host/path")


def check_branch(branch: str) -> None:
    """Raise ValueError with a sentence for a name that no branch can have (the rules of ``git check-ref-format``)."""
    if _BAD_BRANCH.search(branch):
        raise ValueError(f"{branch!r} cannot be the name of a branch; write the name as 'git branch' shows it, such as main")
