"""The page's HTML of a hostile newsletter, read as a browser reads it: nothing in it but what the page itself writes."""

import json
import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag
from hostile_texts import PAYLOADS, post_everywhere
from hypothesis import given
from hypothesis import strategies as st
from sandbox_clients import Api

from discord_sandbox.page.markdown import link, render
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild

TAGS = {
    *(
        "a",
        "article",
        "b",
        "blockquote",
        "br",
        "button",
        "code",
        "details",
        "div",
        "em",
        "footer",
        "h1",
        "h2",
        "h3",
        "header",
        "hr",
    ),
    *("i", "img", "input", "label", "p", "pre", "s", "small", "span", "strong", "summary", "time", "u"),
}
ATTRIBUTES = {
    *("alt", "aria-current", "aria-disabled", "checked", "class", "data-least", "data-moment", "data-most", "data-press"),
    *("data-select", "data-style", "datetime", "disabled", "download", "href", "loading", "rel", "src", "style", "target", "title"),
    *("type", "value"),
}
ADDRESSES = {"href": {"http", "https", "mailto"}, "src": {"http", "https"}}
CLASSES = {
    *(
        "author",
        "badge",
        "button",
        "choices",
        "content",
        "description",
        "dismiss",
        "done",
        "embed",
        "field",
        "file",
        "item",
        "list",
    ),
    *(
        "mention",
        "only",
        "published",
        "row",
        "select",
        "size",
        "spoiler",
        "style-1",
        "style-2",
        "summary",
        "thinking",
        "title",
        "used",
    ),
}
PIECES = st.sampled_from(
    [*PAYLOADS, *"<>\"'`&[]()*_~|#\\/:@\n\t \x00", "https://", "javascript:", "<t:1:R>", "```", "href=", "onclick=", "&lt;", "a"]
)


def elements(html: str) -> Iterator[Tag]:
    """Yield the elements, by a parser that mends markup as browsers do not, and by one that takes it as it stands."""
    for parser in ("html.parser", "lxml"):
        # In an element, so that no text is taken for the address of a page.
        for element in BeautifulSoup(f"<div>{html}</div>", parser).find_all():
            if element.name not in {"html", "body", "div"} or element.attrs:
                yield element


def scheme(address: str) -> str:
    """Return what a browser takes for an address's scheme, "" for a relative one."""
    found = re.match(r"[\x00-\x20]*([a-z][a-z0-9+.\t\r\n-]*):", address, re.IGNORECASE)
    return re.sub(r"[\t\r\n]", "", found[1]).lower() if found else ""


def assert_harmless(html: str) -> None:
    for element in elements(html):
        assert element.name in TAGS, element
        assert set(element.attrs) <= ATTRIBUTES, element
        assert set(element.get_attribute_list("class")) - {None} <= CLASSES, element
        for name, schemes in ADDRESSES.items():
            assert name not in element.attrs or scheme(str(element[name])) in schemes, element
        style = str(element.get("style", ""))
        assert not style or style.removeprefix("--color:#").removeprefix("--depth:").isalnum(), element


async def test_a_hostile_text_in_any_place_of_a_message_stays_a_text(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel
) -> None:
    post_everywhere(sandbox, guild, channel)
    async with api.session.get(f"{sandbox.page_url}/live/state?key={sandbox.key}") as response:
        state = json.loads(await response.text())
    assert len(state["messages"]) == 5 * len(PAYLOADS)
    for message in state["messages"]:
        assert_harmless(message["html"])
    assert {place["name"] for place in state["channels"]} >= set(PAYLOADS)  # a text where the page writes texts


@given(st.lists(PIECES, max_size=12).map("".join), st.booleans())
def test_no_text_becomes_html_of_its_own(text: str, blocks: bool) -> None:  # noqa: FBT001 - drawn
    assert_harmless(render(text, lambda kind, number: f"{kind}{number}<b onclick=x>", blocks=blocks))


@pytest.mark.parametrize(
    "url", ["javascript:x", " javascript:x", "\x01javascript:x", "data:text/html,x", "//x", "file:///x", "blob:x", "", "\nhttps:x"]
)
def test_a_link_to_anything_but_the_web_and_mail_is_none(url: str) -> None:
    assert link(url, "inner") == "inner"
