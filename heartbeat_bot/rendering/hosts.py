"""Which host a link's text names, and whether the link leads there: a text may say `paypal.com` and lead anywhere.

A text names a host when a part of it has the shape of an address: a scheme or two slashes, `www.`, or an ending that is one of hosts
and not, as well, one of files (`README.md`, `main.rs`) or of a library's name (`ASP.NET`). Texts are compared as they look: in
compatibility form (full-width letters are letters), without characters that nobody sees.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import idna
from linkify_it.tlds import TLDS  # pyright: ignore[reportMissingTypeStubs] - it has none

_APART: Final = re.compile(r"[\s<>()\[\]{}\"“”„‘’«»‹›,;|`*]+")
_END: Final = re.compile(r"[/?#\\]")
_NAME: Final = re.compile(r"[\w-]+")
_PORT: Final = re.compile(r":\d*$")
_UNSEEN: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
# What looks like a mark of addresses and is not made one by the compatibility form.
_MARKS: Final = str.maketrans(
    {"。": ".", "⁄": "/", "∕": "/", "⧸": "/", "∶": ":", "꞉": ":", "＼": "\\", "–": "-", "‐": "-", "‑": "-"}
)
_FILES: Final = frozenset(
    str.split("ac ai am as bs bv cc do gb gd hm io is la md mk ml mm mo ms nu pl pm ps pw py re rs sc sh so st sv tc tf vi")
)
"""Endings of countries that are of files as well, or of what programs call: `.md`, `.py`, `.rs`, `.sh`, `.tf`, `os.is`."""
_COUNTRIES: Final = frozenset(ending.lower() for ending in TLDS if len(ending) == len("xx") and ending.isascii()) - _FILES
_ENDINGS: Final = _COUNTRIES | frozenset(
    str.split(
        "com org net edu gov mil int info biz pro aero coop museum mobi io ai рф dev app xyz online shop site store tech blog "
        "live wiki email finance bank exchange money support social click link page top"
    )
)
_LIBRARY: Final = re.compile(r"\.(?:NET|IO|AI)$")
_LEADING: Final = frozenset(
    str.split("at on to of from into visit open see go auf bei zu nach von unter sur chez vers en a à su da em")
)
_JOINERS: Final = frozenset("\u200c\u200d")
_LABEL: Final = 63
"""Characters between the dots of a host's name (RFC 1035)."""
_CLOSING: Final = ".:!?…'"
_ALIKE: Final = frozenset("аеорсухіјѕһԁԛԝӏьвнкмтгпιονρτυχκαη")
"""Letters of Cyrillic and Greek that look like Latin ones; a name of nothing else looks like another host's."""


def another_host(text: str, url: str) -> str:
    """Return where a link really leads when its text names another host, or the same in letters that look like others; else "".

    ``url`` is absolute. The answer is a host in ASCII, of a `mailto:` link its address, of any other its scheme.
    """
    if "." not in text and not any(mark in text for mark in "。．｡․/／"):
        return ""
    real = ""
    for host in _named(text):
        real = real or _host(url)
        if not _is_same(_ascii(host), real.rpartition("@")[2]) or _is_alike(host):
            return real
    return ""


def names_scheme(text: str) -> bool:
    """Tell whether a text shows a web address with its scheme, whatever its letters: Discord makes no link of such a text."""
    return "://" in text or ("/" in (plain := _as_it_looks(text)) and re.search(r"https?:/", plain) is not None)


def _as_it_looks(text: str) -> str:
    if text.isascii():
        return text.lower()
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", seen).translate(_MARKS)).lower()


def _named(text: str) -> Iterator[str]:
    """Yield the hosts that a text names, lower case.

    What shows that it is an address may stand anywhere. A bare name does only by itself, or at the end behind a word that leads there:
    "crates.io phishing campaign" is about a site, "log in at paypal.com" says where to. A handle (`@name.bsky.social`) leads to wherever handles are shown.
    """
    parts = [part for part in _APART.split(_as_it_looks(text)) if part.rstrip(_CLOSING)]
    for number, part in enumerate(parts):
        before, slashes, after = part.partition("//")
        whole = after.lstrip("/") if slashes else before
        authority = _PORT.sub("", _END.split(whole, maxsplit=1)[0].rpartition("@")[2].rstrip(_CLOSING))
        names = authority.split(".")
        web = before.endswith(("http:", "https:"))
        if not all(_NAME.fullmatch(name) for name in names) or (len(names) == 1 and not web):
            continue
        shown = web or (slashes and not before)
        bare = names[-1] in _ENDINGS or names[-1].startswith("xn--")
        led_to = number == 0 or parts[number - 1] in _LEADING
        last = led_to and number == len(parts) - 1 and not part.startswith("@") and not _LIBRARY.search(text.strip())
        if shown or names[0] == "www" or (bare and last):
            yield authority


def _host(url: str) -> str:
    """Return the host that a URL leads to, in ASCII; the address of a mail, the scheme of anything else."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"}:
        return _ascii((parts.hostname or "").rstrip("."))
    return parts.path.lower() if parts.scheme == "mailto" else f"{parts.scheme}:"


def ascii_host(host: str) -> str:
    """Write a host as browsers ask for it (UTS 46): ``faß.de`` is ``xn--fa-hia.de``, another site than ``fass.de``.

    Raises UnicodeError for what no host can hold.
    """
    if host.isascii():
        return host
    mapped = idna.uts46_remap(host, std3_rules=False)
    if any(mark in _JOINERS and not idna.valid_contextj(mapped, n) for n, mark in enumerate(mapped)):
        raise UnicodeError("a joiner stands where it joins nothing")
    labels = [label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in mapped.split(".")]
    if any(len(label) > _LABEL for label in labels):
        raise UnicodeError("a part of the host is too long")
    return ".".join(labels)


def _ascii(host: str) -> str:
    try:
        return ascii_host(host)
    except UnicodeError:
        return host


def _is_same(named: str, real: str) -> bool:
    """Tell whether two hosts are one, or one is below the other: who has a host has those below it."""
    named, real = named.removeprefix("www."), real.removeprefix("www.")
    return named == real or real.endswith(f".{named}") or (named.endswith(f".{real}") and "." in real)


def _is_alike(host: str) -> bool:
    """Tell whether a host mixes Latin with letters that look like it, or is written in such letters only."""
    for name in host.split("."):
        letters = [character for character in name if character.isalpha()]
        if all(letter.isascii() for letter in letters):
            continue
        scripts = {unicodedata.name(letter, "").split(" ", 1)[0] for letter in letters}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "CHEROKEE", "ARMENIAN"}:
            return True
        if not scripts & {"LATIN"} and all(letter in _ALIKE for letter in letters):
            return True
    return False
