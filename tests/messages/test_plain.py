"""What a reader sees of a post is what can be searched for."""

import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import WORD, channel_html, words

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.dialect import code_span, escape, fenced
from heartbeat_bot.rendering.layouts.embeds import compose
from heartbeat_bot.rendering.plain import plain_text
from heartbeat_bot.rendering.post import texts

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*/*.md"))

TEXTS = {
    "styles": ("**bold** *it* ***both*** __under__ ~~gone~~ ||dark||", "bold it both under gone dark"),
    "a masked link": ("See [the docs](https://owl.example/a_b_c).", "See the docs."),
    "styles in a link": ("[**the** `docs`](https://owl.example/)", "the docs"),
    "brackets in a link": ("[RFC [1234]](https://owl.example/)", "RFC [1234]"),
    "a link after a bracket": (r"\[not a link\] [a link](https://owl.example/)", "[not a link] a link"),
    "two links": ("[a](https://a.example/) and [b](https://b.example/)", "a and b"),
    "a bare address": ("<https://www.owl.example/x_y/?utm=1#top>", "owl.example/x_y"),
    "an address in a text": ("read https://owl.example/a_b today", "read owl.example/a_b today"),
    "an address in a sentence": ("read https://owl.example/a, then rest", "read owl.example/a, then rest"),
    "mail": ("<mailto:owl@owl.example>", "owl@owl.example"),
    "mentions": ("<@&42> <@1> <#7> hello", "hello"),
    "escapes": (r"2 \* 3 \_x\_ \`y\` \~ \|", "2 * 3 _x_ `y` ~ |"),
    "words with underscores": (r"snake\_case and `snake_case`", "snake_case and snake_case"),
    "headings": ("# One\n## Two\n-# small", "One\nTwo\nsmall"),
    "lists": ("- one\n  - two\n1. three", "one\ntwo\n1. three"),
    "quotes": ("> said\n> - listed\n>\n> more", "said\nlisted\nmore"),
    "code": ("before\n```py\nx = [a](b) ** 2\n```\nafter", "before\nx = [a](b) ** 2\nafter"),
    "inline code": ("`**x**` and `` a`b ``", "**x** and a`b"),
    "a table": ("```\na | b\n--+--\n1 | 2\n```", "a | b\n1 | 2"),
    "what has no width": ("@\u200beveryone a\u200bb", "@everyone ab"),
    "decomposed letters": ("cafe\u0301", "café"),
    "control characters": ("a\x00b\x1fc\td", "abc d"),
    "half a character": ("a\ud83eb", "ab"),
    "nothing": (" \n\n", ""),
}


@pytest.mark.parametrize(("markdown", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_text_loses_its_marks_and_keeps_its_words(markdown: str, expected: str) -> None:
    assert plain_text(markdown) == expected


WRITTEN = st.text(alphabet=st.sampled_from("aé東1 *_`~|[]()<>#-:\\/.@"), max_size=40)


@given(WRITTEN)
def test_the_words_of_an_escaped_text_are_those_of_the_text(said: str) -> None:
    assert WORD.findall(plain_text(escape(said))) == WORD.findall(said)


@given(WRITTEN)
def test_the_words_of_code_are_those_of_the_code(said: str) -> None:
    assert WORD.findall(plain_text(code_span(said))) == WORD.findall(said)
    assert WORD.findall(plain_text(fenced(said, "py"))) == WORD.findall(said)


@given(st.text() | st.text(alphabet="[]()`*\\<>:htps/.a\n", max_size=300))
def test_any_text_is_made_plain_once_and_for_all(said: str) -> None:
    plain = plain_text(said)
    plain.encode()
    assert "\n\n" not in plain
    assert plain == plain.strip()


def test_what_looks_like_many_links_takes_no_time() -> None:
    for piece in ("[", "[[", "[a](", "[a](https:", "`", "```", "\\", "<https://", "**", "> ", "[`"):
        plain_text(piece * (6000 // len(piece)))


@pytest.mark.skipif(not FILES, reason="the real newsletters (../shared/corpus) are not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_word_of_a_real_post_is_lost(path: Path) -> None:
    for post in compose(read_issue(path.name, path.read_bytes()), site="https://example.org/").posts:
        soup = channel_html([post])
        for link in soup.find_all("a", href=True):
            if link.get_text().startswith(("http", "mailto")):
                link.string = link.get_text().split("?")[0].split("#")[0].split(":", 1)[1].removeprefix("//").removeprefix("www.")
        said = "\n".join(plain_text(text) for text in texts(post.body()))
        kept = Counter(WORD.findall(unicodedata.normalize("NFKC", said).replace("−", "-")))
        assert Counter(words(soup)) - kept == Counter(), post.key
