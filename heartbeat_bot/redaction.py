"""What must not be shown: secrets that are known by their value, bot tokens, and what stands in addresses beside the place they name.

Who reads a secret tells of it here (:func:`keep_secret`, :func:`keep_address`), before anything else is done with it. From then on it
is blotted out of all that is logged, printed, answered or written down, wherever it stands and in whichever way it is escaped.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import unquote

# Three parts joined by dots: the bot's id in base64, a time, a signature (Discord's reference, "Authentication").
TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]{23,32}\.[A-Za-z0-9_-]{5,8}\.[A-Za-z0-9_-]{25,}")
"""What a bot token looks like."""
_TOKEN = re.compile(rf"(?<![\w.-])(?:Bot\s+)?{TOKEN_SHAPE.pattern}")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}\Z")
_LONGEST_SCHEME: Final = 31
_AUTHORITY_ENDS: Final = re.compile(r"[\s/?#]")
_SPACE: Final = re.compile(r"\s")
_PUNCTUATION: Final = "'\"<>()[]{},.:;!`"
_SCP: Final = re.compile(r"\A([^/@:\s]*):[^/@]*@")

_ANYWHERE: Final = 8
"""A secret of so many characters is blotted out wherever it stands, a shorter one where it is a word of its own."""
_SHORTEST: Final = 4
"""What has fewer characters stands in too many other words; it is kept out of addresses all the same."""
_TOKEN_LENGTH: Final = 20
"""A user name of so many characters is a token: GitHub's and GitLab's may stand before or behind the colon."""
_NO_PASSWORDS: Final = frozenset({"", "x-oauth-basic"})

_secrets: set[str] = set()
_known: re.Pattern[str] | None = None


def keep_secret(value: str) -> None:
    """Blot a value out of everything from now on; as it is, percent-decoded, and in any way of writing it in addresses, quotes or JSON."""
    global _known  # noqa: PLW0603 - what the whole process must not say
    new = {form for form in (value, unquote(value)) if len(form) >= _SHORTEST} - _secrets
    if new:
        _secrets.update(new)
        longest_first = sorted(_secrets, key=lambda secret: (-len(secret), secret))
        _known = re.compile("|".join(_pattern(secret) for secret in longest_first))


def keep_address(text: str) -> None:
    """Blot out, from now on, the secrets that stand in a text's addresses: password, token, values of the query, fragment.

    A password that holds ``/``, ``?`` or ``#`` as they are ends the host too early, as Git and browsers read it: what then stands
    before the last ``@`` is taken for secret too.
    """
    for scheme, rest in _addresses(text):
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        port = authority.rpartition(":")[2] if ":" in authority and not authority.endswith("]") else "0"
        ends_early = "@" not in authority and (not port.isdigit() or (port != "0" and rest[len(authority) :][:1] in {"?", "#"}))
        userinfo = (rest if ends_early else authority).rpartition("@")[0]
        user, _, password = userinfo.partition(":")
        if unquote(password) not in _NO_PASSWORDS:
            keep_secret(password)
            keep_secret(b64encode(unquote(userinfo).encode()).decode())
        if len(unquote(user)) >= _TOKEN_LENGTH or (unquote(password) in _NO_PASSWORDS and scheme != "ssh"):
            keep_secret(user)
        for part in re.split(r"[?&;#]", rest)[1:]:
            name, _, value = part.partition("=")
            if len(secret := value or name) >= _ANYWHERE:
                keep_secret(secret)


def shown_address(address: str) -> str:
    """Return an address as it may be shown, made of its parts: no user and password (ssh keeps its user), no query, no fragment.

    For a text that is one address, whatever characters it holds; one whose host cannot be told is not shown beyond its scheme.
    """
    scheme, found, rest = address.partition("://")
    if not found:
        return _SCP.sub(r"\1@", address)
    if scheme.lower() == "file":
        return address
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    user, _, host = authority.rpartition("@")
    if re.search(r"[\s'\"<>]", host) or not re.fullmatch(r"(?:\[[^\]]*\]|[^:]*)(?::\d*)?", host):
        return f"{scheme}://[address]"
    kept = f"{user.partition(':')[0]}@" if user and scheme == "ssh" else ""
    path, query = re.split(r"[?#]", behind, maxsplit=1)[0], "?…" if "?" in behind else ""
    return f"{scheme}://{kept}{host}{path}{query}"


def without_credentials(text: str) -> str:
    """Take user names, passwords, queries and fragments out of every address in a text (the user of an ssh address stays)."""
    before, *rests = text.split("://")
    parts = [before]
    for rest in rests:
        scheme = _SCHEME.search(before[-_LONGEST_SCHEME:])
        parts.append(_shown(rest, scheme.group() if scheme else ""))
        before = rest
    return "://".join(parts)


def without_secrets(text: str) -> str:
    """Blot out what is known to be secret, and bot tokens, and leave addresses as they are: for words with links that must work."""
    if _known is not None:
        text = _known.sub("[secret]", text)
    return _TOKEN.sub("[token]", text)


def redact(text: str) -> str:
    """Blot out what is known to be secret, bot tokens, and credentials in addresses.

    For text as it was before it went into JSON: behind an escaped line break a token no longer begins a word.
    """
    return without_credentials(without_secrets(text))


def _shown(rest: str, scheme: str) -> str:
    """Return what follows ``://`` in a text, up to the next ``://``, without what is not to be shown of the address."""
    end = found.start() if (found := _AUTHORITY_ENDS.search(rest)) else len(rest)
    authority, behind = rest[:end], rest[end:]
    user, at, host = authority.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if at and scheme == "ssh" and user else ""
    stop = found.start() if (found := _SPACE.search(behind)) else len(behind)
    address, after = behind[:stop], behind[stop:]
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    cut = address[len(path) :]
    # What closes a quote or a sentence is no part of the address.
    closing = cut[len(cut.rstrip(_PUNCTUATION)) :]
    if len(cut) > len(closing) + 1:
        address = f"{path}{cut[0]}…{closing}"
    return f"{kept}{host}{address}{after}"


def _addresses(text: str) -> Iterator[tuple[str, str]]:
    """Give the scheme of each address in a text, and all that follows it there."""
    before, *rests = text.split("://")
    for number, rest in enumerate(rests, 1):
        scheme = _SCHEME.search(before[-_LONGEST_SCHEME:])
        yield (scheme.group().lower() if scheme else ""), "://".join([rest, *rests[number:]])
        before = rest


def _pattern(secret: str) -> str:
    """Match a secret however its characters are written."""
    letters = "".join(_letter(character) for character in secret)
    return letters if len(secret) >= _ANYWHERE else rf"(?<!\w){letters}(?!\w)"


def _letter(character: str) -> str:
    encoded = character.encode("utf-8", "surrogatepass")
    ways = [re.escape(character), f"(?i:{''.join(f'%{byte:02x}' for byte in encoded)})"]
    if not (character.isascii() and character.isalnum()):
        code = ord(character)
        # Quoted as often as what quotes it is quoted: each time doubles the backslashes.
        ways[0] = rf"\\{{0,8}}{re.escape(character)}"
        ways += [rf"(?i:\\{{1,8}}x{code:02x})", rf"(?i:\\{{1,8}}u{code:04x})", re.escape(escape(character))]
        ways += [r"\+"] if character == " " else []
    return f"(?:{'|'.join(ways)})"
