"""Our tree of HTML is the one that Beautiful Soup makes with lxml, node by node."""

import re
from pathlib import Path
from typing import Final

import pytest
from bs4 import BeautifulSoup
from bs4.element import PageElement, PreformattedString, Tag
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from heartbeat_bot.issues.soup import soup_of

SPEC: Final = Path(__file__).parents[1] / "commonmark" / "spec.txt"
PIECES: Final = re.split(
    r"\|",
    "<b>|</b>|<p>|</p>|<div class='a b'>|</div>|<pre>|</pre>|<textarea>|</textarea>|<ruby>|<rt>|</rt>|<rp>|</rp>|</ruby>|<script>|</script>|"
    "<style>|</style>|<template>|</template>|<!-- c -->|<!---->|<?php x?>|<!DOCTYPE html>|<br>|<img src=a>|<a rel='x y' href=b>|</a>|"
    "<table>|<tr>|<td headers='a b'>|</td>|</tr>|</table>|<ul>|<li>|</ul>|<head>|</head>|<title>|</title>|<body>|</body>|</html>|<svg:r>|"
    "<meta charset=utf8>|<x-y open q>|</x-y>|<details>|<summary>|<select>|<option>|<noscript>|<frameset>|<plaintext>|<p|]]>|&amp;|&nbsp;|"
    "&#0;|word|é|😀|  |\n|\n \n|\r\n|\x0b|\x0c",
)


def nodes(soup: BeautifulSoup) -> list[object]:
    """What a tree says and how its nodes hang together; what no reader sees has to stand in its place only."""
    found: list[object] = []
    node: PageElement | None = soup.contents[0] if soup.contents else None
    while node is not None:
        parent = node.parent.name if node.parent else None
        beside = [_name(node.previous_sibling), _name(node.next_sibling)]
        if isinstance(node, Tag):
            found.append((node.name, dict(node.attrs), node.can_be_empty_element, node.interesting_string_types, parent, beside))
        else:
            found.append((_name(node), parent, beside))
        node = node.next_element
    return found


def _name(node: PageElement | None) -> object:
    """Name a node by its element or its text; comments, instructions and document types are all the same."""
    if node is None or isinstance(node, Tag):
        return node and node.name
    return "unseen" if isinstance(node, PreformattedString) else (type(node), str(node))


@given(st.lists(st.sampled_from(PIECES)).map("".join) | st.text())
@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning", "ignore::bs4.MarkupResemblesLocatorWarning")
def test_any_html_makes_the_tree_that_beautiful_soup_makes(html: str) -> None:
    assert nodes(soup_of(html)) == nodes(BeautifulSoup(html, "lxml"))


@pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning", "ignore::bs4.MarkupResemblesLocatorWarning")
def test_the_examples_of_the_commonmark_spec_make_the_tree_that_beautiful_soup_makes() -> None:
    examples = re.findall(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", SPEC.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) > 600
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for source, html in examples:
        for text in (html, source, markdown.render(source.replace("→", "\t"))):
            assert nodes(soup_of(text)) == nodes(BeautifulSoup(text, "lxml"))
