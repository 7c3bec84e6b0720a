"""Blocks in Discord's dialect, one case per line: Markdown, and what the first description reads. What takes more than a line is in tests/golden."""

import pytest

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose

GAP = "\u200b"
SITE = "https://example.org/"


def first_description(markdown: str) -> str:
    posts = compose(read_issue("issue.md", f"---\ntitle: T\n---\n{markdown}\n".encode()), site=SITE).posts
    return posts[0].embeds[1].description if len(posts[0].embeds) > 1 else ""


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("soft\nwrap", "soft wrap"),
        ("hard\\\nbreak", "hard\nbreak"),
        ("snake_case and 2 * 3", "snake\\_case and 2 \\* 3"),
        ("hi @everyone", f"hi @{GAP}everyone"),
        ("std::thread::x", "std:\\:thread::x"),
        ("1\\. not a list", "1\\. not a list"),
        ("\\# not a heading", "\\# not a heading"),
        ("[a](/b)", "[a](https://example.org/b)"),
        ("[a](https://x.org/a_(b))", "[a](https://x.org/a_%28b%29)"),
        ("[a]()", "a"),
        ("- a\n\n- b", "- a\n- b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("`a``b`", f"`` a`{GAP}`b ``"),
        ("**a***b*", f"**a**{GAP}*b*"),
        ("Term\n\n: - a\n  - b", "**Term**\n- a\n- b"),
        ("- a\n\n  Term\n\n  : b", f"- a\n  {GAP}**Term**\n  - b"),
        ("a<br><br>b", "a\n\nb"),
        ("*a <br> b*", "*a*\n*b*"),
        ("<plain>*a*</plain> <plain>b\\*</plain>", "*a* b\\*"),
    ],
)
def test_a_block_reads_on_discord_as_it_does_on_the_site(markdown: str, expected: str) -> None:
    assert first_description(markdown) == expected


@pytest.mark.parametrize("inline", ["`x`<code>y<img src='/p.png'></code>", "<b><a href='/b'>x<img src='/p.png'>*</a></b>"])
def test_a_picture_within_code_or_within_a_link_that_is_cut_up_is_shown_once(inline: str) -> None:
    embeds = compose(read_issue("a.md", f"{inline}\n".encode()), site=SITE).posts[0].embeds
    assert [embed.image.url for embed in embeds if embed.image] == [f"{SITE}p.png"]
