"""Long runs without a space, in every style and container: they are cut, come to an end, and nothing of them is lost."""

import re
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from readers import broken_limits

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose
from heartbeat_bot.rendering.post import texts
from heartbeat_bot.rendering.split import Cut, LineKind, split, tear

MARKS = {
    "plain": ("", ""),
    "bold": ("**", "**"),
    "italic": ("*", "*"),
    "both": ("***", "***"),
    "struck": ("~~", "~~"),
    "underlined": ("<u>", "</u>"),
    "all at once": ("***~~<u>", "</u>~~***"),
    "code": ("`", "`"),
    "linked": ("[", "](https://example.org/a)"),
    "bold and linked": ("**[", "](https://example.org/a)**"),
    "escaped": ("\\*\\*", "\\*\\*"),
}
CONTAINERS = {
    "paragraph": "{}",
    "quote": "> {}",
    "item": "- {}",
    "numbered item": "1. {}",
    "nested item": "- a\n  - {}",
    "item in a quote": "> - {}",
    "quote in an item": "- > {}",
    "heading": "## News\n\n### {}\n\ntext",
    "section": "## {}\n\ntext",
    "cell": "| a | b |\n|---|---|\n| {} | y |",
    "definition": "<dl><dt>term</dt><dd>{}</dd></dl>",
    "callout": "> [!NOTE]\n> {}",
}
SCRIPTS = {
    "latin": "a",
    "japanese": "日本語",
    "thai": "กำ",
    "arabic": "مرحبا",
    "accents": "e\u0301\u0323",
    "emoji": "🎉",
    "families": "👨‍👩‍👧",
}


def shown(markdown: str) -> str:
    """Return all that is read of an issue, without white space and what only Discord's clients see."""
    issue = read_issue("issue.md", f"---\ntitle: A title\n---\n{markdown}\n".encode())
    posts = compose(issue, site="https://example.org/", page="https://example.org/page").posts
    assert {post.key: found for post in posts if (found := broken_limits(post))} == {}
    return re.sub(r"\s|\u200b", "", "".join(text for post in posts for text in texts(post.body())))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("mark", MARKS)
def test_a_run_longer_than_a_message_is_cut(mark: str, container: str) -> None:
    opening, closing = MARKS[mark]
    for script, size in product(("latin", "japanese"), (4088, 4200, 13_000)):
        run = SCRIPTS[script] * (size // len(SCRIPTS[script]))
        text = shown(CONTAINERS[container].format(opening + run + closing))
        assert text.count(SCRIPTS[script][0]) >= run.count(SCRIPTS[script][0]), script


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_of_any_script_is_cut(script: str) -> None:
    for opening, closing in (("**", "**"), ("> **", "**"), ("- <u>", "</u>"), ("> - ~~", "~~")):
        run = SCRIPTS[script] * ((1200 if script in {"emoji", "families"} else 5000) // len(SCRIPTS[script]))
        assert shown(opening + run + closing).count(SCRIPTS[script][0]) >= run.count(SCRIPTS[script][0])


@pytest.mark.parametrize("kilobytes", [64, 510])
def test_a_run_of_any_size_is_cut(kilobytes: int) -> None:
    for opening, closing in (("**", "**"), ("> **", "**"), ("- ~~", "~~"), ("`", "`")):
        assert shown(opening + "b" * 1024 * kilobytes + closing).count("b") >= 1024 * kilobytes


@given(
    text=st.text(alphabet="ab *_~>-1.`[]()\n\u200b日e\u0301", min_size=1, max_size=400),
    kind=st.sampled_from(LineKind),
    cut=st.sampled_from(Cut),
    room=st.integers(min_value=1, max_value=60),
)
@example(text="> **" + "a" * 90 + "**", kind=LineKind.QUOTE, cut=Cut.FORCED, room=40)
@example(text="- ***~~" + "a" * 90, kind=LineKind.LIST, cut=Cut.FORCED, room=12)
@example(text="> **a", kind=LineKind.QUOTE, cut=Cut.FORCED, room=6)
def test_what_is_left_after_a_cut_is_shorter(text: str, kind: LineKind, cut: Cut, room: int) -> None:
    if kind is LineKind.CODE:
        text = f"```\n{text.replace('`', '')}\n```"

    def fits(part: str) -> bool:
        return len(part) <= room

    head, tail = split(text, kind, fits, cut=cut)
    assert fits(head)
    assert len(tail) < len(text) if head else tail == text
    head, tail = tear(text, fits)
    assert head
    assert fits(head)
    assert head + tail == text
