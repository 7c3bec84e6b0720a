"""Bytes → text: every encoding that real newsletters came in, and sound text that must stay as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.decoding import MOST_BYTES, decode


def rules(data: bytes) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.line) for finding in decode(data, "a.md")[1]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbf---\ntitle: A\n", "---\ntitle: A\n"),
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b"one\rtwo\r", "one\ntwo\n"),
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (b"", ""),
        ("Grüße, 你好, 🎉👩‍💻 ¯\\_(ツ)_/¯".encode(), "Grüße, 你好, 🎉👩‍💻 ¯\\_(ツ)_/¯"),
    ],
    ids=["BOM", "CR LF", "lone CR", "mixed", "empty", "UTF-8"],
)
def test_marks_of_editors_are_gone_and_nothing_is_said(data: bytes, expected: str) -> None:
    assert decode(data, "a.md") == (expected, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_bom(encoding: str) -> None:
    data = "---\ntitle: Ähre 🎉\n---\nbody\n".encode(encoding)
    assert decode(data, "a.md")[0] == "---\ntitle: Ähre 🎉\n---\nbody\n"
    assert rules(data) == [("encoding", 1)]


def test_windows_1252_is_read_with_its_quotes_and_the_first_line_that_shows_it() -> None:
    data = "plain\ncafé “x” – €\n".encode("cp1252")
    assert decode(data, "a.md")[0] == "plain\ncafé “x” – €\n"
    assert rules(data) == [("encoding", 2)]


def test_one_stray_byte_leaves_the_rest_of_a_utf_8_file_alone() -> None:
    data = "naïve 🎉\ncaf".encode() + b"\xe9\n" + "日本\n".encode()
    assert decode(data, "a.md")[0] == "naïve 🎉\ncafé\n日本\n"
    assert rules(data) == [("encoding", 2)]


@pytest.mark.parametrize("wrong", ["cp1252", "latin-1", "mac_roman"])
def test_a_whole_file_of_mojibake_is_repaired_with_one_finding(wrong: str) -> None:
    sound = (
        "# Überblick 🎉\n\nThe team’s café – it’s “open”.\n\nMore – of it’s “kind” 🎉\n\n```\n‘code’ too…\n```\n\nDoesn’t end…\n"
    )
    broken = sound.encode().decode(wrong, errors="strict") if wrong != "cp1252" else sound.replace("”", "“").encode().decode(wrong)
    text, findings = decode(broken.encode(), "a.md")
    assert text == (sound.replace("”", "“") if wrong == "cp1252" else sound)
    assert [(finding.rule, finding.line) for finding in findings] == [("mojibake", 1)]
    assert "more lines" in findings[0].message


def test_single_lines_of_mojibake_are_repaired_each_with_its_line() -> None:
    data = "Größe\n\nschÃ¶n\n\nwährend\n\nfür\n\nitâ€™s here\n".encode()
    assert decode(data, "a.md")[0] == "Größe\n\nschön\n\nwährend\n\nfür\n\nit’s here\n"
    assert rules(data) == [("mojibake", 3), ("mojibake", 9)]


@pytest.mark.parametrize(
    "text",
    [
        "À bientôt à côté d’une forêt, où naît l’œuvre ; « déjà » 5 €",
        "NÃO É ÃGUA; coração, ações, pão, órgão",
        "Größe, Übermut, Äpfel, Straße, „so“ – und ‚so‘…",
        "Zażółć gęślą jaźń; příliš žluťoučký kůň; árvíztűrő tükörfúrógép",
        "Tiếng Việt, đường, người, những, được",
        "Привет, мир; Україна; българския; Ελληνικά; עברית; العربية; हिन्दी; ไทย",
        "你好，世界。「こんにちは」；안녕하세요",
        "🎉👩‍💻🏳️‍🌈 ❤️ ✓ → ≤ × ½ ² ° © ™ … “q” ‘q’ — –",
        "ÅÄÖ åäö ÆØ æø Þð ñ¿¡ ç ß",
        "Use `cafÃ©` to see whether your page is broken",
        "A page about mojibake, sound elsewhere: é\n\n```\ncafÃ© â€™\n```",
    ],
)
def test_a_sound_file_is_not_repaired(text: str) -> None:
    assert decode(text.encode(), "a.md") == (text, [])


@given(st.text(st.characters(codec="ascii", exclude_characters="\0\r")))
def test_plain_text_comes_through(text: str) -> None:
    assert decode(text.encode(), "a.md") == (text, [])


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"\x89PNG\r\n\x1a\n\0\0", 3), (b"text\n\0more", 2), (bytes(range(256)) * 4, 1)],
    ids=["PNG", "NUL", "binary"],
)
def test_what_is_no_text_is_refused_with_the_line(data: bytes, line: int) -> None:
    with pytest.raises(IssueError, match="not a text file") as caught:
        decode(data, "a.md")
    assert caught.value.line == line


def test_a_pointer_of_git_lfs_is_not_taken_for_the_text_that_it_stands_for() -> None:
    with pytest.raises(IssueError, match="pointer of Git LFS"):
        decode(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n", "a.md")


def test_a_file_larger_than_any_issue_is_refused_before_it_is_read() -> None:
    with pytest.raises(IssueError, match=r"the file has 5\.0 MiB, more than the 512 KiB"):
        decode(b"word " * 2**20, "a.md")
    assert decode(b"a" * MOST_BYTES, "a.md")[1] == []
