"""A link's text says where it leads, or nothing about it: where it names another host, the real one stands beside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.interactions.lines import linked
from heartbeat_bot.rendering.hosts import another_host
from heartbeat_bot.rendering.links import Links
from heartbeat_bot.rendering.render import render

HEAD = "---\ntitle: T\ndate: 2026-01-01\n---\n"
GAP = "\u200b"


def shown(markdown: str) -> str:
    posts = render("a.md", (HEAD + markdown + "\n").encode()).composition.posts
    return "\n".join(embed.description for embed in posts[0].embeds[1:])


def rules(markdown: str) -> list[tuple[str, int | None]]:
    return [(one.rule, one.line) for one in render("a.md", (HEAD + markdown + "\n").encode()).findings]


@pytest.mark.parametrize(
    "text",
    [
        "paypal.com",
        "PayPal.com",
        "www.paypal.com",
        "paypal.com/login",
        "paypal.com.",
        "//paypal.com",
        "Log in at paypal.com",
        "Log in at **paypal.com**",
        "`paypal.com`",
        "раypal.com",
        "paypal。com",
        "paypal․com",
        "ｐａｙｐａｌ．ｃｏｍ",
        "pay&#8203;pal.com",
        "pay&shy;pal.com",
        "paypal&#847;.com",
        "paypal.com:443/x",
        "xn--bcher-kva.example.com",
        "opensea.io",
        "amazon.de",
    ],
)
def test_a_text_that_names_another_host_has_the_real_one_beside_it(text: str) -> None:
    for target in (
        "https://evil.example/a",
        "https://paypal.com.evil.example/",
        "https://notpaypal.com",
        "https://paypal.com@evil.example/",
    ):
        real = re.sub(r"^https://(?:.*@)?([^/]*).*", r"\1", target)
        assert shown(f"[{text}]({target}) x").endswith(f" ({real}) x")
    assert ("link-names-another-host", 7) in rules(f"x\n\n[{text}](https://evil.example/a)")


@pytest.mark.parametrize(
    "text",
    [
        "HTTPS://PAYPAL.com",
        "https://paypal.com/x",
        "ｈｔｔｐｓ：／／paypal.com",
        "h&#8203;ttps://paypal.com",
        "https:∕∕paypal.com",
        "see https://paypal.com now",
    ],
)
def test_a_text_with_a_scheme_is_no_masked_link_and_has_the_whole_target_beside_it(text: str) -> None:
    said = shown(f"[{text}](https://evil.example/a) x")
    assert said.endswith(" (<https://evil.example/a>) x")
    assert "](" not in said
    assert ("link-names-another-host", 5) in rules(f"[{text}](https://evil.example/a)")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("paypal.com", "https://paypal.com/x"),
        ("paypal.com/x", "http://www.PayPal.com/y"),
        ("www.paypal.com", "https://paypal.com"),
        ("docs.paypal.com", "https://paypal.com/docs"),
        ("paypal.com", "https://docs.paypal.com"),
        ("Read on at blog.example.org", "https://blog.example.org/x"),
        ("münchen.de", "https://münchen.de/x"),
        ("пример.рф", "https://пример.рф/"),
        ("me@example.org", "mailto:me@example.org?subject=x"),
        ("@news.bsky.social", "https://bsky.app/profile/news.bsky.social"),
        ("crates.io phishing campaign", "https://blog.rust-lang.org/x"),
        ("cache.nixos.org now more local", "https://grahamc.com/x"),
        *(
            (name, "https://github.com/a/b")
            for name in (
                *("README.md", "main.rs", "setup.py", "install.sh", "main.tf", "node.js", "3.11", "v1.2.3", "Foo.bar", "std.fs"),
                *(
                    "ASP.NET",
                    "Socket.IO",
                    "System.IO",
                    "Oscar.jl",
                    "nix-mode.el",
                    "archive.zip",
                    "os.path",
                    "e.g.",
                    "E.On Energie",
                    "1.5",
                ),
                *("IngressClassParametersReference.Name", "community.network", "//src/main", "a/b.c", "C:/x.txt", "and/or"),
            )
        ),
    ],
)
def test_an_honest_text_stays_as_it_is(text: str, target: str) -> None:
    assert another_host(text, Links().resolve(target)) == ""
    assert [rule for rule, _ in rules(f"[{text}]({target})")] == []


def test_the_host_is_shown_in_ascii_where_its_letters_look_like_others() -> None:
    assert shown("[раypal.com](https://раypal.com/x)") == "[раypal.com](https://xn--ypal-43d9g.com/x) (xn--ypal-43d9g.com)"
    assert shown("[аррӏе.com](https://аррӏе.com/x)").endswith(" (xn--80ak6aa92e.com)")
    assert shown("<https://раypal.com/x> y").endswith("(<https://xn--ypal-43d9g.com/x>) y")


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("[x](https://paypal.com@evil.example/a)", "[x](https://evil.example/a)"),
        ("[x](https://paypal.com:pw@evil.example/a)", "[x](https://evil.example/a)"),
        ("[x](https://a@b@evil.example/a)", "[x](https://evil.example/a)"),
        ("[x](//paypal.com@evil.example/a)", "[x](https://evil.example/a)"),
        ("y <https://paypal.com@evil.example/a>", "y <https://evil.example/a>"),
        ("y https://paypal.com@evil.example/a", "y <https://evil.example/a>"),
        ("https://paypal.com@evil.example/a", "<https://evil.example/a>"),
    ],
)
def test_a_name_before_the_host_is_left_out_and_a_finding(markdown: str, expected: str) -> None:
    assert shown(markdown) == expected
    assert rules(markdown) == [("link-with-user", 5)]


def test_a_backslash_is_the_slash_that_browsers_read() -> None:
    assert shown('<a href="https://evil.example\\@paypal.com/">x</a>') == "[x](https://evil.example/@paypal.com/)"
    assert shown('<a href="\\\\evil.example\\x?a\\b">paypal.com</a>') == "[paypal.com](https://evil.example/x?a%5Cb) (evil.example)"


def test_white_space_within_a_scheme_hides_nothing() -> None:
    assert (
        shown('<a href="java&#10;script:alert(1)">x</a> <a href=" ht&#9;tps://evil.example ">y</a>')
        == "x [y](https://evil.example)"
    )


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "JavaScript:x", "vbscript:x", "data:text/html,x", "blob:x", "file:///etc/passwd"]
)
def test_a_target_that_leads_nowhere_is_a_finding_and_not_shown(target: str) -> None:
    assert shown(f'<a href="{target}">x</a> y') == "x y"
    assert rules(f'<a href="{target}">x</a> y') == [("unlinkable", 5)]


@pytest.mark.parametrize(
    "target", ["tel:+123", "sms:+123", "ftp://x.org/y", "irc:x", "https://paypal.com;.evil.example/x", "https:///x"]
)
def test_what_discord_would_open_otherwise_than_a_browser_is_shown_as_text(target: str) -> None:
    assert shown(f"[x]({target}) y") == f"x ({target}) y"
    assert rules(f"[x]({target}) y") == [("unlinkable", 5)]


@pytest.mark.parametrize("scheme", ["discord", "steam", "STEAM"])
def test_no_address_of_a_program_is_live(scheme: str) -> None:
    assert shown(f"[x]({scheme}://a/b) y {scheme}://c") == f"x ({scheme}:{GAP}//a/b) y {scheme}:{GAP}//c"


def test_embed_titles_cards_captions_and_lists_are_as_honest() -> None:
    posts = render("a.md", (HEAD + "# S\n\nx\n\n## [paypal.com](https://evil.example/a)\n\ny\n").encode()).composition.posts
    assert [embed for post in posts for embed in post.embeds if embed.url.startswith("https://evil")] == []
    assert "[paypal.com](https://evil.example/a) (evil.example)" in str([post.body() for post in posts])
    card = '<external-link href="https://evil.example/a" title="paypal.com" description="d" />'
    assert shown(card) == "**[paypal.com](https://evil.example/a) (evil.example)**\nd"
    assert ("link-names-another-host", None) in [(rule, None) for rule, _ in rules(card)]
    picture = "[![paypal.com](https://x.org/p.png)](https://evil.example/a)"
    assert shown(picture) == "-# [paypal.com](https://evil.example/a) (evil.example)"
    assert linked("paypal.com", "https://evil.example/a") == "[paypal.com](https://evil.example/a) (evil.example)"
    heading = render("a.md", (HEAD + "# [paypal.com](https://evil.example/a)\n\nx\n").encode()).composition.posts
    assert "(evil.example)" in str([post.body() for post in heading])


_HOSTS = st.sampled_from(["paypal.com", "evil.net", "a.evil.net", "xn--ypal-43d9g.com", "раypal.com", "example.org", "www.x.de"])
_BEFORE = st.sampled_from(["", "https://", "HTTP://", "//", "www.", "at ", "u@", "https://paypal.com@", "ｈｔｔｐ：／／", "**"])
_AFTER = st.sampled_from(["", "/", "/paypal.com", ".", ":80", "?x=paypal.com", "#a", "\u200b", "…"])


@given(_BEFORE, _HOSTS, _AFTER, _HOSTS, _AFTER)
def test_no_text_names_one_host_alone_while_its_link_leads_to_another(
    before: str, host: str, after: str, real: str, path: str
) -> None:
    text, url = f"{before}{host}{after}", Links().resolve(f"https://{real}{path if path[:1] in '/?#:' else ''}")
    if not url:
        return
    written = linked(text, url)
    masked = re.search(r"\[(?P<text>.*)\]\((?P<url>[^()\s]*)\)(?: \((?P<host>[^()\s]*)\))?", written)
    target = re.sub(r"^https://([^/:?#]*).*", r"\1", url)
    if masked is None:
        assert f"<{url}>" in written
    elif masked["host"] is None:
        named, ascii_host = target.removeprefix("www."), host.encode("idna").decode().removeprefix("www.")
        assert named == ascii_host or named.endswith(f".{ascii_host}") or ascii_host.endswith(f".{named}")
    else:
        assert masked["host"].replace("\\", "") == target
