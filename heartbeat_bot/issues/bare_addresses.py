"""Addresses that stand in a text as they are, ``https://…``: found in time that grows with the text, whatever stands there."""

import re
from typing import Any, Final, cast

from linkify_it import LinkifyIt  # pyright: ignore[reportMissingTypeStubs] - it has none
from linkify_it.main import Match  # pyright: ignore[reportMissingTypeStubs] - likewise
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_MAX_SCHEME: Final = 20
_SCHEME_END: Final = re.compile(r"(?:^|[^a-z0-9.+-])([a-z][a-z0-9.+-]*)$", re.IGNORECASE)
_MAX_ADDRESS: Final = 2100
"""Characters of an address that are read: Discord takes none of more than 2,048."""


def find_addresses(md: MarkdownIt) -> None:
    """Make a parser find addresses with a scheme, and no others; a plugin of markdown-it's."""
    md.enable("linkify")
    md.linkify = _Addresses()
    md.linkify.set(  # pyright: ignore[reportUnknownMemberType] - linkify-it has no types
        {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False}
    )
    md.inline.ruler.at("linkify", _address_rule)


class _Addresses(LinkifyIt):
    """Finds addresses with a scheme, in time that grows with the text.

    The library's own search tries an address at every scheme, within others too, and reads on to the end of the text each time.
    """

    def pretest(self, text: str) -> bool:
        return ":" in text or "//" in text

    def test(self, text: str) -> bool:
        return self.match(text) is not None

    def match(self, text: str) -> list[Match] | None:
        if not self.pretest(text):
            return None
        found: list[Match] = []
        end = 0
        for start in re.finditer(str(self.re["schema_search"]), text, re.IGNORECASE):
            before, scheme = start.groups()
            index = start.start() + len(before)
            if index < end:
                continue
            around = text[start.start() : start.end() + _MAX_ADDRESS]
            length = int(cast("Any", self).test_schema_at(around, scheme, len(before) + len(scheme)))
            if length:
                end = start.end() + length
            # What is longer leads nowhere; as it stays text, so does what goes on with it.
            if 0 < length < _MAX_ADDRESS:
                found.append(self._create_match(text, scheme, index, end))  # pyright: ignore[reportUnknownMemberType] - likewise
        return found or None


def _address_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the parser's signature
    """Read an address where its `://` stands, as the parser's own rule does, which looks through all text before it and behind it."""
    if not state.src.startswith("://", state.pos) or state.linkLevel > 0:
        return False
    before = _SCHEME_END.search(state.pending[-_MAX_SCHEME:])
    if before is None:
        return False
    scheme = before.group(1)
    found = cast("Any", state.md.linkify).match_at_start(state.src[state.pos - len(scheme) : state.pos + _MAX_ADDRESS])
    if found is None or found.last_index >= _MAX_ADDRESS:
        return False
    # A star at the end is one of emphasis.
    url = str(found.url).rstrip("*")
    target = state.md.normalizeLink(url)
    if not state.md.validateLink(target):
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme)]
        state.push("link_open", "a", 1).attrs = {"href": target}
        state.push("text", "", 0).content = state.md.normalizeLinkText(url)
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme)
    return True
