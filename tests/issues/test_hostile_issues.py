"""Input that no one wrote in good faith: refused with a reason, or read, in bounded time; never a fault of the program."""

import time
from typing import cast

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt

from heartbeat_bot.errors import IssueError
from heartbeat_bot.faults import isolate_faults
from heartbeat_bot.issues.markdown import parse
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.issues.tree import line_of
from heartbeat_bot.rendering.layouts.embeds import compose
from heartbeat_bot.rendering.render import render

N = 10_000
HEAD = "---\ntitle: T\n---\n"

REFUSED: dict[str, tuple[str, str]] = {
    "quotes": (">" * N + " x", "nested more than 50 deep"),
    "spaced quotes": ("> " * N + " x", "nested more than 50 deep"),
    "lists": ("- " * N + "x", "nested more than 50 deep"),
    "nested lists": ("".join("  " * n + "- x\n" for n in range(500)), "nested more than 50 deep"),
    "nested numbers": ("".join("   " * n + "1. x\n" for n in range(60)), "nested more than 50 deep"),
    "brackets": ("[" * N, "thousands of brackets"),
    "pictures": ("![" * N, "thousands of brackets"),
    "stars": ("*" * 300 + "x" + "*" * 300, "nested more than 100 deep"),
    "many stars": ("*" * N + "x" + "*" * N, "thousands of brackets, stars"),
    "stars apart": ("*a " * N, "thousands of brackets, stars"),
    "template marks": ("{% " * N, "thousands of brackets"),
    "comments": ("{/* " * N, "thousands of brackets"),
    "divs": ("<div>" * 2000, "HTML tags are nested too deeply"),
    "spans": ("x " + "<span>" * 900, "HTML tags are nested too deeply"),
    "table cells": ("|a|b|\n|-|-|\n" + "|x|y|\n" * N, "more than 5000 paragraphs, items and cells"),
    "list items": ("- a\n" * N, "more than 5000 paragraphs, items and cells"),
    "headings": ("## a\n\nx\n\n" * N, "more than 5000 paragraphs, items and cells"),
    "raw paragraphs": ("<p>a</p>" * N, "more than 5000 elements"),
    "rules": ("***\n" * N, "more than 5000 elements"),
    "addresses": ("http://a." * 5 * N, "more than 5000 addresses"),
    "addresses of mail": ("mailto:a@b.org\n" * N, "more than 5000 addresses"),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_whole_in_a_moment_is_refused_with_its_line(body: str, message: str) -> None:
    start = time.process_time()
    with pytest.raises(IssueError, match=message) as caught:
        read_issue("a.md", (HEAD + "\n" + body).encode())
    assert caught.value.line is not None
    assert caught.value.line >= 4
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"


def test_the_line_is_that_of_the_paragraph() -> None:
    with pytest.raises(IssueError) as caught:
        read_issue("a.md", (HEAD + "fine\n\nfine\n\n" + "[" * N).encode())
    assert caught.value.line == 8


READ = {
    "unclosed code spans": "".join("`" * n + " " for n in range(1, 80)),
    "brackets closed": "[" * 500 + "x" + "]" * 500,
    "unclosed links": "[a](" * 1000,
    "unclosed tags": "<a " * 1000,
    "unclosed template marks": "{% " * 3000,
    "unclosed comments": "<!--" * N,
    "entities": "&#0;&nosuch;" * 1000,
    "import lines": "import x from 'y'\n" * 2000,
    "import lines beside code": "import x from 'y'\n\n```\nimport z from 'y'\n```\n\n" * 300,
    "references": "".join(f"[a{n}]: /u\n" for n in range(N)),
    "colons": ":" * N,
    "backslashes": "\\" * N,
    "blank lines": "\n" * 100_000,
    "one long line": "word " * 100_000,
    "a lone stray tag": "</div></p></section>" * 100,
    "half a comment": "text <!-- more\n\nand more",
    "addresses of nothing": "http://- http:// mailto:a." * 1500,
    "schemes of nothing": "a://b" * 4900,
    "template comments": "{# " * 1000,
    "a component's long target": "<a href='x" + " " * 20 * N + "y'>z</a>",
    "spaces in code beside a break": "`a" + " " * 20 * N + "b`\\\nc",
    "an import of spaces": "import x" + " " * 20 * N + "y",
    "an import of quotes": "import x" + " from '" * 2 * N + "y",
    "a box's title of spaces": "::: tip a" + " " * 20 * N + "b\n:::",
    "unknown tags": "{% a %}\n" * N,
    "an address of a hundred thousand letters": "https://a.org/" + "a" * 10 * N,
}


@pytest.mark.parametrize("body", READ.values(), ids=READ)
def test_odd_but_harmless_text_is_read_in_a_moment(body: str) -> None:
    start = time.process_time()
    assert read_issue("a.md", (HEAD + body).encode()).title == "T"
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"


@pytest.mark.parametrize("tag", ["span", "sup", "b", "q", "div", "blockquote", "ul><li", "dl><dd"])
def test_what_is_nested_as_deeply_as_it_may_be_is_composed_too(tag: str) -> None:
    depth = 190 // len(tag.split("><"))
    assert compose(read_issue("a.md", ("x " + f"<{tag}>" * depth + "y").encode())).posts


def test_an_attribute_of_the_author_that_is_named_like_the_line_number_is_none() -> None:
    issue = read_issue("a.md", b'a <b data-line="x">c</b> <i data-line>d</i>')
    assert [line_of(element) for element in issue.intro[0].find_all(["strong", "em"])] == [1, 1]


@pytest.mark.parametrize(
    "line", ["authors: [a" + " " * 60_000 + "<x]", "authors: [" + "<a@" * 20_000 + "]", "a" + " " * 60_000 + "x\nb: ["]
)
def test_front_matter_of_spaces_is_read_or_refused_in_a_moment(line: str) -> None:
    """Each took minutes, when every space was tried as the first."""
    refusal(f"---\ntitle: T\n{line}\n---\nx".encode())


@pytest.mark.parametrize("data", [b"---\ntitle: T\n---\n", b"---\ntitle: T\n---"])
def test_front_matter_alone_is_an_issue_without_text(data: bytes) -> None:
    issue = read_issue("a.md", data)
    assert (issue.title, issue.intro, issue.sections) == ("T", (), ())


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf \r\n"])
def test_an_empty_file_is_no_issue_yet(data: bytes) -> None:
    with pytest.raises(IssueError, match="the file is empty"):
        read_issue("a.md", data)


def refusal(data: bytes) -> IssueError | None:
    try:
        read_issue("a.md", data)
    except IssueError as error:
        return error
    return None


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_issue_or_a_reason(data: bytes) -> None:
    for prefix in (b"", b"---\n", b"+++\n", b'{"', b"@def ", b"Title: x\n"):
        error = refusal(prefix + data)
        assert error is None or error.reason


LINES = ["---", "title: x", "date: 2026-01-01", "a: &a b", "- *a", "{x}", '"', "|", ": ", "# c", "  ", "<<: *a", "? [", "!t"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8))
def test_any_header_is_read_or_an_error_within_its_lines(parts: list[str]) -> None:
    data = "\n".join(["---", *parts, "---", "body"])
    error = refusal(data.encode())
    assert error is None or 1 <= (error.line or 0) <= data.count("\n") + 1


def test_tables_in_tables_are_shown_in_a_moment() -> None:
    start = time.process_time()
    render("a.md", (HEAD + "<table><table><tr><td>x <a href='/y'>y</a>" * 20 + "<table><tr>" * 20).encode())
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"


def test_a_fault_of_the_program_is_an_error_of_that_file_and_logged_whole(caplog: pytest.LogCaptureFixture) -> None:
    with (
        pytest.raises(IssueError, match=r"a\.md: a fault of this program .* \(ZeroDivisionError\); please report it"),
        isolate_faults("a.md"),
    ):
        _ = 1 / 0
    assert "ZeroDivisionError: division by zero" in caplog.text
    with pytest.raises(IssueError, match="as it was"), isolate_faults("a.md"):
        raise IssueError("as it was", path="a.md")


_PARTS = [
    "http://",
    "HTTPS://",
    "//",
    "mailto:",
    "ftp:",
    "a.b",
    "@",
    "x",
    "/",
    ":",
    ".",
    " ",
    "(",
    ")",
    "_",
    "é",
    "-",
    '"',
    "&",
    "*",
    "[",
    "]",
    "`",
    "\n",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_PARTS), max_size=14).map("".join))
def test_addresses_are_found_where_the_parsers_own_search_finds_them(text: str) -> None:
    own = MarkdownIt("commonmark", {"linkify": True}).enable("linkify")
    cast("LinkifyIt", own.linkify).set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    blocks, _ = parse(text, 1)
    found = [link["href"] for block in blocks for link in block.find_all("a")]
    assert found == [link["href"] for link in BeautifulSoup(own.render(text), "lxml").find_all("a")]
