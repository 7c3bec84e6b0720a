"""Blocks in Discord's dialect, one case per line: Markdown, and what the first description reads."""

import pytest

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.compose import compose

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
        ("- a\n  - b\n    1. c", "- a\n  - b\n    1. c"),
        ("> a\n>\n> b", "> a\n> \n> b"),
        ("```py\nx\n```", "```py\nx\n```"),
        ("`a``b`", f"`` a`{GAP}`b ``"),
        ("**a***b*", f"**a**{GAP}*b*"),
        ("<!-- note -->x", "x"),
        ("<span><div>one</div><div>two</div></span>", "one two"),
        ('<a href="/b"><div>one</div><div>two</div>three</a>', "[one two three](https://example.org/b)"),
        (
            '<a href="/b">\n<div>one</div>\n<ul><li>two</li></ul></a>\nthree',
            "[one](https://example.org/b)\n- [two](https://example.org/b)\n\nthree",
        ),
        (
            '<a href="/b">\n\none **word**\n\n[two](/c)\n\n</a>',
            "[one **word**](https://example.org/b)\n\n[two](https://example.org/c)",
        ),
        (
            f"| a | b |\n|---|---|\n| {'w ' * 40} | <p>one</p><ul><li>x</li><li>y</li></ul> |",
            f"**a:** {('w ' * 40).strip()} · **b:** one • x • y",
        ),
        (
            "<table><tr><td>a</td><td><table><tr><td>b</td><td>c</td></tr><tr><td>d</td></tr></table></td></tr></table>",
            "```\na | b c d\n```",
        ),
        ("<table><table><tr><td>a</td></tr></table></table>", "```\na\n```"),
        ("{To add} something\n\nx", "x"),
        ("{% include x %}y", "y"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "```\na | b\n--+--\n1 | 2\n```"),
        ("Term\n: meaning", "**Term**\n- meaning"),
        ("10<sup>6</sup> and H<sub>2</sub>O, the 1<sup>st</sup>", "10⁶ and H₂O, the 1st"),
        ("a[^1]\n\n[^1]: note", "a¹\n\n1. note"),
        ("a[^x] b[^y] c[^x]\n\n[^x]: note\n[^y]: another", "a¹ b² c¹\n\n1. note\n2. another"),
        ("- [ ] open\n- [x] done", "- ☐ open\n- ☑ done"),
        ("> [!TIP]\n> a", "> **Tip**\n> a"),
        (":::note Title\na\n:::", "> **Title**\n> a"),
        ('!!! note "Title"\n    a', "> **Title**\n> a"),
        ("[a]({{ site.baseurl }}/b) and `{{ site.url }}`", "[a](https://example.org/b) and `{{ site.url }}`"),
        ("{% highlight py %}\nx\n{% endhighlight %}", "```py\nx\n```"),
        ("Term\n\n: - a\n  - b", "**Term**\n- a\n- b"),
        ("- a\n\n  Term\n\n  : b", f"- a\n  {GAP}**Term**\n  - b"),
        ("a<br><br>b", "a\n\nb"),
        ("*a <br> b*", "*a*\n*b*"),
        ("<plain>*a*</plain> <plain>b\\*</plain>", "*a* b\\*"),
        ("a <YouTube id='abc'/> b", "a <https://www.youtube.com/watch?v=abc> b"),
    ],
)
def test_a_block_reads_on_discord_as_it_does_on_the_site(markdown: str, expected: str) -> None:
    assert first_description(markdown) == expected


def test_a_heading_swallowed_by_an_iframe_is_recovered() -> None:
    issue = read_issue("a.md", b"## One\n\n<iframe src='https://x.org/v'></iframe>\n## Two\n\ntext\n")
    assert [section.title for section in issue.sections] == ["One", "Two"]


@pytest.mark.parametrize("inline", ["`x`<code>y<img src='/p.png'></code>", "<b><a href='/b'>x<img src='/p.png'>*</a></b>"])
def test_a_picture_within_code_or_within_a_link_that_is_cut_up_is_shown_once(inline: str) -> None:
    embeds = compose(read_issue("a.md", f"{inline}\n".encode()), site=SITE).posts[0].embeds
    assert [embed.image.url for embed in embeds if embed.image] == [f"{SITE}p.png"]
