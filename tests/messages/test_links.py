"""Addresses that are left as they are: only those that the long way leaves as they are, too."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from heartbeat_bot.issues.markdown import parse
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links

_SCHEMES = st.sampled_from(["https://", "http://", "HTTPS://", "//", "https:", "mailto:", ""])
_HOSTS = st.sampled_from(["example.org", "a-b.x1.com"]) | st.text("ab1-_.Aé", max_size=9)
_ENDS = st.text("/?#aZ.20()*:@;+").map("/{}".format) | st.text("/?#aZ.%20()*'^{}[]|@:é;+")
_ADDRESSES = st.builds("{}{}{}".format, _SCHEMES, _HOSTS, _ENDS)


@given(_ADDRESSES, st.sampled_from(["", ":80", ":"]), _ENDS)
def test_a_sound_address_is_resolved_to_what_all_other_rules_make_of_it(address: str, port: str, end: str) -> None:
    for links in (Links(), Links(site="https://s.org/n/", page="https://s.org/n/p/")):
        target = address + port + end
        assert links.resolve(target) == links.resolve(f" {target}")


@given(_ADDRESSES)
def test_an_address_is_read_as_the_parser_normalises_it(address: str) -> None:
    source = f"x [x](<{address}>) x"
    blocks, _ = parse(source, 1)
    expected = BeautifulSoup(MarkdownIt("commonmark").render(source), "lxml")
    hrefs = [link.get("href") for block in blocks for link in block.find_all("a")]
    assert hrefs == [link.get("href") for link in expected.find_all("a")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://faß.de/ä", "https://xn--fa-hia.de/%C3%A4"),
        ("https://βόλος.com", "https://xn--nxasmm1c.com"),
        ("https://MÜNCHEN.de:8080/", "https://xn--mnchen-3ya.de:8080/"),
        ("https://例え.テスト:80/", "https://xn--r8jz45g.xn--zckzah:80/"),
        ("https://日本。jp/", "https://xn--wgv71a.jp/"),
        ("https://☃.net/", "https://xn--n3h.net/"),
        ("https://a\u200db.de/", ""),
        (f"https://{'ä' * 80}.de/", ""),
        ("https://ä\ufffd.de/", ""),
    ],
)
def test_a_host_is_asked_for_as_browsers_do(target: str, expected: str) -> None:
    assert Links().resolve(target) == expected


def test_a_link_whose_text_names_another_site_in_german_is_told() -> None:
    assert another_host("fass.de", "https://faß.de/") == "xn--fa-hia.de"
    assert another_host("faß.de", "https://faß.de/") == ""
