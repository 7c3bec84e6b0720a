"""Any Markdown: every post within limits, every word there in order, every link there."""

import re
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import broken_limits, channel_html, hrefs, missing, site_html, words

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.layouts.embeds import compose

SPEC = Path(__file__).parents[1] / "commonmark" / "spec.txt"
_EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n.*?^`{32}$", re.MULTILINE | re.DOTALL)
EXAMPLES = [found.replace("→", "\t") for found in _EXAMPLE.findall(SPEC.read_text())]


def composed(markdown: str) -> Composition:
    issue = read_issue("issue.md", f"---\ntitle: A title\n---\n{markdown}\n".encode(errors="replace"))
    return compose(issue, site="https://example.org/", page="https://example.org/page")


def check(markdown: str) -> None:
    composition = composed(markdown)
    posts = composition.posts
    assert {post.key: found for post in posts if (found := broken_limits(post))} == {}
    shown, wanted = channel_html(posts), site_html(markdown)
    links = {unquote(url) for url in hrefs(wanted) if re.match(r"https?://[\w.-]+(?:[:/?#]|$)", url)}
    told = {unquote(url) for url in hrefs(shown)}
    assert [url for url in links if url not in told and url.rstrip("/") not in told] == []
    needed, there = words(wanted), words(shown)
    assert Counter(needed) - Counter(there) == Counter()
    if not wanted.find("table"):  # a wide one names its columns in each row, before that row's values
        assert missing(needed, there) == []


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda number: str(number + 1))
def test_an_example_of_the_commonmark_spec_is_posted_whole(number: int) -> None:
    check(EXAMPLES[number])


# -- random texts ---------------------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        "alpha",
        "beta",
        "gamma",
        "naïve",
        "日本語",
        "snake_case",
        "__init__",
        "3*4*5",
        "C#",
        "10%",
        "don't",
        ":tada:",
        "std::vec",
        "@everyone",
        "<@1>",
        "#1",
        "1.",
        "2)",
        "-",
        ">",
        ">>>",
        "-#",
        "#",
        "|",
        "||",
        "~~",
        "*",
        "**",
        "_",
        "`",
        "``",
        "[x]",
        "[",
        "]",
        "](",
        "\\*",
        "\\[",
        "&amp;",
        "&lt;",
        "🎉",
        "👩\u200d💻",
        "https://a.org/x_y",
        "http://b.org/(q)",
        "<https://c.org>",
        "¯\\_(ツ)_/¯",
        "```",
    ]
)
_TAME = st.sampled_from(
    ["alpha", "beta", "gamma", "naïve", "日本語", "snake_case", "C#", "10%", "std::vec", "@everyone", "🎉", "#1"]
)
_ADDRESS = st.sampled_from(["https://x.org/a", "https://x.org/b_c", "https://x.org/d(e)", "https://x.org/f?h=i&j=k", "/site/path"])


def _line(words_: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(words_, min_size=1, max_size=most).map(" ".join)


_INLINE_MARKDOWN = st.recursive(
    _line(_WORDS, 6),
    lambda inner: st.one_of(
        inner.map(lambda text: f"**{text}**"),
        inner.map(lambda text: f"*{text}*"),
        inner.map(lambda text: f"~~{text}~~"),
        _line(_TAME, 3).map(lambda text: f"`{text}`"),
        st.tuples(inner, _ADDRESS).map(lambda pair: f"[{pair[0]}]({pair[1]})"),
        st.tuples(_line(_TAME, 3), _ADDRESS).map(lambda pair: f"![{pair[0]}]({pair[1]}.png)"),
        st.lists(inner, min_size=2, max_size=4).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map("\n".join),
        st.lists(inner, min_size=2, max_size=3).map("  \n".join),
    ),
    max_leaves=6,
)


def _indented(text: str, first: str, other: str) -> str:
    return first + text.replace("\n", f"\n{other}")


_BLOCK_MARKDOWN = st.recursive(
    st.one_of(
        _INLINE_MARKDOWN,
        st.tuples(st.integers(1, 6), _line(_TAME, 5)).map(lambda pair: f"{'#' * pair[0]} {pair[1]}"),
        st.lists(_line(_WORDS, 5), min_size=1, max_size=4).map(lambda lines: "~~~py\n" + "\n".join(lines) + "\n~~~"),
        st.lists(st.tuples(_line(_TAME, 3), _line(_TAME, 9)), min_size=2, max_size=4).map(
            lambda rows: "\n".join(["| a | b |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])
        ),
        st.just("---"),
        st.just("<details><summary>more</summary>\n\ninside\n\n</details>"),
        st.just('<iframe src="https://v.org/1"></iframe>'),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda items: "\n".join(_indented(item, "- ", "  ") for item in items)),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: "\n\n".join(_indented(item, "7. ", "   ") for item in items)),
        inner.map(lambda text: _indented(text, "> ", "> ")),
    ),
    max_leaves=6,
)
_DOCUMENT = st.lists(_BLOCK_MARKDOWN, min_size=1, max_size=8).map("\n\n".join)
_MARKS = st.text(alphabet="ab *_~`[]()<>#-+=|!\\\n&;:@1.{}%/\"'\t\u200b\xa0é🎉", max_size=120)
_quick = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@_quick
@given(_DOCUMENT)
def test_a_random_document_is_posted_whole(markdown: str) -> None:
    check(markdown)


_PROSE = st.lists(
    st.one_of(_line(_TAME, 40), _line(_TAME, 4).map(lambda text: f"[{text}](https://x.org/a)")), min_size=1, max_size=9
)
_LONG_BLOCK = st.one_of(
    _PROSE.map(". ".join),
    st.lists(_PROSE.map(" ".join), min_size=1, max_size=20).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(_PROSE.map(" ".join), min_size=1, max_size=9).map(
        lambda items: "\n".join(f"{'  ' * n}- {text}" for n, text in enumerate(items))
    ),
    st.lists(_line(_TAME, 30), min_size=1, max_size=60).map(lambda lines: "```\n" + "\n".join(lines) + "\n```"),
    st.lists(_line(_TAME, 30), min_size=1, max_size=20).map(lambda lines: "\n".join(f"> {line}" for line in lines)),
    st.text(alphabet="abc", min_size=3000, max_size=9000),
    st.integers(100, 300).map(lambda number: "**bold** " * number),
    st.integers(1000, 5000).map(lambda number: "語" * number),
)


@settings(_quick, max_examples=40)
@given(st.lists(_LONG_BLOCK, min_size=1, max_size=8), st.booleans())
def test_a_long_document_is_posted_whole(blocks: list[str], sections: bool) -> None:  # noqa: FBT001 - an example's argument
    composition = composed(
        "\n\n".join(f"## Part {number}\n\n{block}" if sections else block for number, block in enumerate(blocks))
    )
    assert {post.key: found for post in composition.posts if (found := broken_limits(post))} == {}
    wanted, shown = "".join(words(site_html("\n\n".join(blocks)))), "".join(words(channel_html(composition.posts)))
    assert Counter(wanted) - Counter(shown) == Counter()


@_quick
@given(_MARKS)
def test_any_heap_of_marks_keeps_its_words(markdown: str) -> None:
    composition = composed(markdown)
    assert {post.key: found for post in composition.posts if (found := broken_limits(post))} == {}
    assert missing(words(site_html(markdown)), words(channel_html(composition.posts))) == []


@pytest.mark.parametrize(
    "text",
    [
        "lorem ipsum dolor. " * 10_000,
        "a" * 200_000,
        "日本語" * 40_000,
        "> lorem ipsum\n" * 10_000,
        "- " + "lorem ipsum " * 10_000,
        "a" + "\u0301" * 100_000,
        "a" + "\u200d" * 100_000,
        "3.14159 26535 " * 5_000,
        "> 1 2 " + "3 " * 40_000,
        "- " + "1 - " * 20_000,
        "1. " * 20 + "2 " * 40_000,
    ],
    ids=[
        "prose",
        "one word",
        "no spaces",
        "quote",
        "item",
        "accents",
        "joiners",
        "numbers",
        "numbers quoted",
        "numbers listed",
        "marks",
    ],
)
def test_a_paragraph_of_hundreds_of_kilobytes_is_cut_whole_and_in_a_moment(text: str) -> None:
    start = time.process_time()
    composition = composed(text)
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"
    assert {post.key: found for post in composition.posts if (found := broken_limits(post))} == {}
    shown = "".join(embed.description for post in composition.posts for embed in post.embeds)
    assert Counter(re.sub(r"[^\w]", "", text)) == Counter(re.sub(r"[^\w]", "", shown))


@pytest.mark.parametrize(
    "character",
    ["👩🏽‍💻", "🇫🇷", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "e\u0301\u0323", "षि", "ש\u05c1ָ", "❤️"],
    ids=["joined emoji", "flag", "flag of tags", "accents", "Devanagari", "Hebrew", "presentation"],
)
def test_a_word_is_not_cut_inside_what_is_seen_as_one_character(character: str) -> None:
    shown = [embed.description for post in composed(character * 5000).posts for embed in post.embeds if embed.description]
    assert len(shown) > 1
    assert {part.replace(character, "") for part in shown} == {""}


TOO_LONG = {
    "a heading above a text": "### " + "word " * 1000 + "\n\nText.",
    "a heading of one word": "### " + "a" * 5000 + "\n\nText.",
    "a thousand headings in a row": "## A\n\n" + "".join(f"#### Part {number}\n" for number in range(1000)) + "\nText.",
    "code in an item": "- Some words\n- `" + "<b>" * 2000 + "`\n- more",
    "code in a quote": "> `" + "<b>" * 2000 + "`",
    "a link's text": "[" + "a" * 9000 + "](https://x.org/)",
    "a name in an item's item": "- a\n  - b\n    - " + "c" * 9000,
}


@pytest.mark.parametrize("markdown", TOO_LONG.values(), ids=TOO_LONG)
def test_what_no_message_holds_is_cut_all_the_same(markdown: str) -> None:
    composition = composed(markdown)
    assert {post.key: found for post in composition.posts if (found := broken_limits(post))} == {}
    wanted, shown = "".join(words(site_html(markdown))), "".join(words(channel_html(composition.posts)))
    assert Counter(wanted) - Counter(shown) == Counter()
