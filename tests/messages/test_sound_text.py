"""What nothing can be sent with, and what turns text round: wherever it enters, no message, JSON or hash has it."""

import json
import unicodedata

import pytest

from heartbeat_bot.cli.preview_json import as_json
from heartbeat_bot.interactions.lines import fact, linked, named, titled
from heartbeat_bot.issues.lint import lint
from heartbeat_bot.rendering.preview import Preview
from heartbeat_bot.rendering.render import render

FILES: dict[str, bytes] = {
    "JSON": b'{"title": "a\\ud800b", "tags": ["\\udfff"], "x": {"\\ud800": "\\u202e"}, "description": "\\u2066d"}\n\nbody',
    "YAML": b'---\ntitle: "a\\ud800b"\n"k\\uDFFF": "\\ud800"\ndescription: "\\u202Ed"\nauthors: ["\\ud800"]\n---\nbody',
    "entities": b"---\ntitle: T\n---\na &#xD800; b &#55296; &#x202e;c\n\n<p>d &#xDFFF; e&#8238;f</p>\n\n# &#xD800;h\n\nx",
    "attributes": b'---\ntitle: T\n---\n<p><a href="https://x.org/&#xD800;" title="&#x202e;">x&#xD800;</a> <img alt="&#xD800;&#x202e;a" src="https://x.org/a.png"></p>',
    "code": b"---\ntitle: T\n---\n<pre><code>&#xD800;&#x202e;</code></pre>\n\n<code>&#xD800;</code>",
    "UTF-8 of a half": b"---\ntitle: T\n---\na \xed\xa0\x80 b",
    "UTF-16 of a half": "---\ntitle: T\n---\na b".encode("utf-16") + b"\x00\xd8x\x00",
    "raw marks": "---\ntitle: a\u202eb\ntags: [\u2067x]\n---\n# \u202dh\n\n\u2066x\u202e [\u202emoc.lapyap](https://evil.example)".encode(),
    "TOML": '+++\ntitle = "a\\u202eb"\n+++\nbody \u202e'.encode(),
}


def told(preview: Preview) -> str:
    bodies = [post.body() for post in preview.composition.posts]
    assert [post.digest() for post in preview.composition.posts]
    return json.dumps(
        [bodies, as_json(preview), str(preview.issue.metadata), list(map(str, lint(preview.issue)))], ensure_ascii=False
    )


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_no_half_of_a_character_and_no_mark_that_turns_text_gets_through(data: bytes) -> None:
    preview = render("a.md", data)
    text = told(preview)
    assert text.encode()
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_half_is_a_replacement_character() -> None:
    assert render("a.md", FILES["JSON"]).issue.title == "a\ufffdb"
    assert render("a.md", FILES["JSON"]).issue.metadata["x"] == {"\ufffd": ""}
    assert "a \ufffd b \ufffd c" in told(render("a.md", FILES["entities"]))


def test_what_turns_text_is_a_finding_with_its_line() -> None:
    preview = render("a.md", "---\ntitle: T\ndate: 2026-01-01\n---\n\nx \u202ey".encode())
    assert [(one.rule, one.line) for one in preview.findings] == [("direction-mark", 6)]
    assert "U+202E" in preview.findings[0].message


def test_a_label_that_reads_as_another_address_when_it_is_turned_is_shown_as_it_is() -> None:
    assert "[moc.lapyap](https://evil.example)" in told(render("a.md", FILES["raw marks"]))


@pytest.mark.parametrize("text", ["שלום עולם (גרסה 2.0)", "مرحبا بالعالم، العدد ٥", "נא\u200fלקרוא\u200e!", "می\u200cخواهم"])
def test_honest_text_from_right_to_left_stays_as_it_is(text: str) -> None:
    preview = render("a.md", f"---\ntitle: {text}\ndate: 2026-01-01\n---\n# 1 {text}\n\n{text} [{text}](https://x.org)".encode())
    assert preview.issue.title == text
    assert preview.findings == ()
    assert [section.title for section in preview.issue.sections] == [f"1 {text}"]
    assert f"[{text}](https://x.org)" in told(preview)


@pytest.mark.parametrize("text", ["שלום", "مرحبا", "abc שלום"])
def test_a_title_from_right_to_left_ends_with_its_direction_in_what_the_bot_says(text: str) -> None:
    inside = f"\u2068{text}\u2069"
    assert titled(text) == fact(text) == inside
    assert named(text, "3 May") == f"{inside} · 3 May"
    assert linked(text, "https://x.org") == f"[{inside}](https://x.org)"
    long = named(text * 60, "3 May")
    assert len(long) <= 100
    assert long.count("\u2068") == long.count("\u2069") == 1


def test_no_title_opens_a_direction_that_it_does_not_close() -> None:
    for mark in (
        chr(code)
        for code in range(0x110000)
        if unicodedata.bidirectional(chr(code)) in {"LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI", "PDF", "PDI"}
    ):
        assert titled(f"a{mark}b") == "a b"
