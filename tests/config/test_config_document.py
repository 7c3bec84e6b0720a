"""YAML: what it does behind a person's back is a problem with a line."""

import time
from datetime import timedelta

import pytest
from config_texts import CHANNEL, SMALLEST, problem, problems, read

from heartbeat_bot.config.document import read_document
from heartbeat_bot.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "config.yaml: the file is empty; config.example.yaml shows what belongs in it"),
        ("# only a comment\n", "config.yaml: the file is empty"),
        ("\n- a\n", "config.yaml:2: the file must hold keys and values"),
        ("text", "config.yaml:1: the file must hold keys and values"),
        ("a: 1\n\tb: 2\n", "config.yaml:2: a tab stands here; YAML is indented with spaces"),
        ("a:\n  b: c: d\n", "config.yaml:2: a colon stands where none may be; put the value in quotes"),
        ("a: 1\nb: 'open\nc: 2\nd: 3\n", "config.yaml:2: a quote is opened here and never closed"),
        ('a: 1\nb: "open\nc: 2\n', "config.yaml:2: a quote is opened here and never closed"),
        ("a: 1\nb: [1, 2\nc: 3\n", "config.yaml:3: "),
        ("a: 1\nb: *none\n", "config.yaml:2: an alias (*name) stands here without its anchor"),
        ("paths: **/*.md\n", "config.yaml:1: "),
        ("a: 1\n---\nb: 2\n", "config.yaml:2: a second document ('---') begins here; keep one"),
        ("a: 1\nb: \x07\n", "config.yaml:2: the character U+0007 is not allowed here; remove it"),
        ("a: 1\n  b: 2\n", "config.yaml:2: "),
        ("a: @b\n", "config.yaml:1: a value that begins with this character needs quotes"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, sentence: str) -> None:
    assert problem(text).startswith(sentence)


@pytest.mark.parametrize("content", [SMALLEST.encode("utf-16"), b"a: 1\nb: \xe9t\xe9\n"])
def test_another_encoding_is_named(content: bytes) -> None:
    assert "the file is not UTF-8; save it with that encoding" in problem(content)


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    assert read(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode()) == read(SMALLEST)


def test_a_key_that_stands_twice_is_a_problem_with_both_lines() -> None:
    said = problem(SMALLEST.replace("    announce:", "    poll: 1m\n    poll: 2m\n    announce:"))
    assert said == "config.yaml:6: 'poll' stands here a second time (first on line 5); keep one of them"


def test_a_key_that_is_a_list_is_a_problem() -> None:
    assert "a key must be a word, not a list or a mapping" in problem(f"? [a]\n: b\n{SMALLEST}")


@pytest.mark.parametrize("number", ["0123", "0x1F", "0b11", "1_000", "1:30", "+5"])
def test_a_number_that_yaml_reads_otherwise_is_a_problem(number: str) -> None:
    said = problem(f"{SMALLEST}      max_new_per_pass: {number}\n")
    assert said == f"config.yaml:7: YAML reads {number} as another number than it looks; write it in quotes"


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("2024-13-01", "YAML cannot read this value"),
        ("!!python/object/apply:os.system [ls]", "tags (!name) are not read here"),
        ("!secret x", "tags (!name) are not read here; write the value without it"),
        ("!!int abc", "YAML"),
        ("!!float abc", "YAML"),
        ("!!binary ö", "YAML"),
        ("!!bool maybe", "YAML"),
        ("!!timestamp abc", "YAML"),
        ("!!timestamp " + "1" * 400, "YAML"),
        ("2026-01-01T00:00:00+99:99", "YAML"),
        ("!!float ''", "YAML"),
        ('"\\ud800"', "half a character"),
    ],
)
def test_a_value_that_yaml_cannot_make_is_one_problem_with_its_line(written: str, sentence: str) -> None:
    said = problem(f"{SMALLEST}      max_new_per_pass: {written}\n")
    assert said.startswith("config.yaml:7: ")
    assert sentence in said


@pytest.mark.parametrize("written", ['"\\UFFFFFFFF"', '"\\U00110000"'])
def test_an_escape_of_no_character_is_a_problem_with_its_line(written: str) -> None:
    assert problem(f"{SMALLEST}      max_new_per_pass: {written}\n").startswith("config.yaml:7: an escape stands here")


def test_half_a_character_in_a_key_is_a_problem_with_its_line() -> None:
    assert problem(f'{SMALLEST}      "\\udfff": 1\n').startswith("config.yaml:7: a \\u escape makes half a character here")


def test_anchors_and_merged_keys_are_read() -> None:
    config = read(
        "newsletters:\n"
        "  one: &one\n"
        "    source: {directory: a}\n"
        f"    announce: &quick {{channel: {CHANNEL}, hold: 1m}}\n"
        "  two:\n"
        "    <<: *one\n"
        "    announce: {<<: *quick, hold: 2m}\n"
    )
    one, two = config.newsletters.values()
    assert one.source == two.source
    assert (one.announce.hold, two.announce.hold) == (timedelta(minutes=1), timedelta(minutes=2))


def test_what_is_merged_keeps_the_line_where_it_was_written() -> None:
    said = problems(
        "newsletters:\n"
        "  one: &one\n"
        "    source: {directory: a}\n"
        "    poll: soon\n"
        f"    announce: {{channel: {CHANNEL}}}\n"
        "  two:\n"
        "    <<: [*one]\n"
        "    announce:\n"
        "      channel: 5\n"
    )
    assert [sentence.split(": ")[0] for sentence in said] == ["config.yaml:4", "config.yaml:4", "config.yaml:9"]


def test_only_mappings_can_be_merged() -> None:
    assert "'<<' merges mappings only" in problems(f"x: &x [a]\n<<: *x\n{SMALLEST}")[0]


def test_a_small_file_that_expands_without_end_is_refused_at_once() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    started = time.process_time()
    assert "the aliases (*name) expand to too much; write the values out" in problem(f"a0: &a0 [x]\n{levels}{SMALLEST}")
    assert time.process_time() - started < 10, "seconds of computing; under one on an idle machine"


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a\n  <<: *a\n", "&a {<<: *a}\n"])
def test_an_alias_of_itself_is_refused(text: str) -> None:
    assert "config.yaml:1: an alias (*name) stands within the value that it names" in problem(text)


def test_deep_nesting_is_refused() -> None:
    assert problem(f"a: {'[' * 60}{']' * 60}\n") == "config.yaml:1: it is nested too deeply"
    assert problem(f"a: {'[' * 1500}") == "config.yaml:1: it is nested too deeply"


def test_a_huge_file_is_refused_unread() -> None:
    assert "larger than 1,000,000 bytes; is it the right one?" in problem(b"#" * 1_000_001)


def test_a_line_is_found_for_every_place_and_for_those_above_it() -> None:
    document = read_document(b"a:\n  - b: 1\n  - c:\n      d: 2\n", "x")
    assert [document.line(place) for place in (("a",), ("a", 0, "b"), ("a", 1, "c", "d"), ("a", 1, "c", "e"), ("z",))] == [
        1,
        2,
        4,
        3,
        1,
    ]


def test_only_utf_8_and_printable_text_passes_before_yaml_sees_it() -> None:
    with pytest.raises(ConfigError, match="U\\+0000 is not allowed"):
        read_document(b"a: \x00", "x")
