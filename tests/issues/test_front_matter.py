"""Front matter of every style that real newsletters have: what is read, where the body starts, and what is wrong in which line."""

import datetime as dt
from typing import Any

import pytest

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.frontmatter import split_document
from heartbeat_bot.issues.reading import read_issue

READ: dict[str, tuple[str, dict[str, Any], str, int]] = {
    # name: file, metadata, body, line of the body
    "YAML": ("---\ntitle: A\ndate: 2026-01-02\n---\nbody", {"title": "A", "date": dt.date(2026, 1, 2)}, "body", 5),
    "YAML with comments": ("---\n# mine\ntitle: A # yours\n---\nbody", {"title": "A"}, "body", 5),
    "YAML with a long text": (
        "---\ntitle: A\nabout: |\n  One 🎉 line.\n\n  - Two: 👩‍💻\n---\n\nbody",
        {"title": "A", "about": "One 🎉 line.\n\n- Two: 👩‍💻"},
        "\nbody",
        8,
    ),
    "YAML with a folded text": ("---\nabout: >\n  one\n  two\n---\nb", {"about": "one two"}, "b", 6),
    "YAML after blank lines": ("\n\n---\ntitle: A\n---\nbody", {"title": "A"}, "body", 6),
    "YAML with numbers that YAML reads otherwise": (
        "---\nslug: 0123\nat: 18:30\nb: 0x1F\nc: 1_0.5\non: 7\n---\nb",
        {"slug": "0123", "at": "18:30", "b": "0x1F", "c": "1_0.5", "on": 7},
        "b",
        8,
    ),
    "YAML with merged keys": (
        "---\na: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n---\nb",
        {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}},
        "b",
        5,
    ),
    "YAML ended by dots": ("---\ntitle: A\n...\nbody", {"title": "A"}, "body", 4),
    "YAML with spaces behind the fences": ("---  \ntitle: A\n--- \nbody", {"title": "A"}, "body", 4),
    "YAML and nothing else": ("---\ntitle: A\n---", {"title": "A"}, "", 3),
    "YAML that is empty": ("---\n---\nbody", {}, "body", 3),
    "YAML of comments only": ("---\n# later\n---\nbody", {}, "body", 4),
    "YAML with a fence inside a text": ("---\nt: |\n  ---\n  x\n---\nbody", {"t": "---\nx"}, "body", 6),
    "YAML with an impossible date": ("---\ndate: 2026-02-30\n---\nb", {"date": "2026-02-30"}, "b", 4),
    "MyST": (
        "---\ntitle: A\njupytext:\n  formats: md:myst\nauthors:\n  - name: Ann\n---\n+++\nbody",
        {"title": "A", "jupytext": {"formats": "md:myst"}, "authors": [{"name": "Ann"}]},
        "+++\nbody",
        8,
    ),
    "Jekyll": (
        "---\nlayout: post\ndate: 2026-01-02 10:00:00 +0100\n---\nb",
        {"layout": "post", "date": "2026-01-02 10:00:00 +0100"},
        "b",
        5,
    ),
    "Hugo in TOML": ("+++\ntitle = 'A'\ndate = 2026-01-02\n+++\nb", {"title": "A", "date": dt.date(2026, 1, 2)}, "b", 5),
    "Zola": (
        '+++\ntitle = "A"\n[taxonomies]\ntags = ["a", "b"]\n[extra]\nimage = "x.png"\n+++\nb',
        {"title": "A", "taxonomies": {"tags": ["a", "b"]}, "extra": {"image": "x.png"}},
        "b",
        8,
    ),
    "JSON followed by a rule": ('{\n  "title": "A"\n}\n---\nbody', {"title": "A"}, "\nbody", 4),
    "JSON followed by a blank line": ('{"title": "A"}\n\nbody', {"title": "A"}, "\n\nbody", 1),
    "Pelican": ("Title: A\nDate: 2026-01-02\n\nbody", {"title": "A", "date": "2026-01-02"}, "\nbody", 3),
    "Pelican with values of several lines": (
        "Title: A\nSummary: one\n    two\n    three\nTags: a, b\n\nbody",
        {"title": "A", "summary": "one\ntwo\nthree", "tags": "a, b"},
        "\nbody",
        6,
    ),
    "Pelican with an empty value": ("Title: A\nSummary:\nTags:\n  x\n\nb", {"title": "A", "summary": "", "tags": "x"}, "\nb", 5),
    "Pelican with two authors": ("Title: A\nAuthor: Ann\nAuthor: Bo\n\nb", {"title": "A", "author": "Ann, Bo"}, "\nb", 4),
    "Pelican without a title": ("Date: 2026-01-02\nCategory: News\n\nb", {"date": "2026-01-02", "category": "News"}, "\nb", 3),
    "Pelican with colons in values": ("Title: A: b\nSlug: a-b\n\nb", {"title": "A: b", "slug": "a-b"}, "\nb", 3),
    "Franklin": (
        '@def title = "A \\"b\\""\n@def hasmath = false\n@def n = 3\n\nbody',
        {"title": 'A "b"', "hasmath": False, "n": "3"},
        "\nbody",
        4,
    ),
    "Franklin with long texts and lists": (
        '@def title = "A"\n@def rss = """one\n two"""\n\n@def tags = ["a", "b, c"]\n@def rss_pubdate = Date(2026, 1, 2)\nbody',
        {
            "title": "A",
            "rss": "one\n two",
            "description": "one\n two",
            "tags": ["a", "b, c"],
            "rss_pubdate": "2026-01-02",
            "date": "2026-01-02",
        },
        "body",
        7,
    ),
    "Franklin in a block": ('+++\ntitle = "A"\ndate = Date(2026, 1, 2)\n# c\n+++\nb', {"title": "A", "date": "2026-01-02"}, "b", 6),
    "Hexo": ("title: A\ntags: [a, b]\n---\nbody", {"title": "A", "tags": ["a", "b"]}, "body", 4),
    "Nikola": (
        "<!--\n.. title: A: b\n.. date: 2026-01-02 08:00:00 UTC\n.. tags:\n-->\n\nbody",
        {"title": "A: b", "date": "2026-01-02 08:00:00 UTC", "tags": ""},
        "\nbody",
        6,
    ),
    "Nikola without a comment": (".. title: A\n.. slug: a\n\nbody", {"title": "A", "slug": "a"}, "body", 4),
    "YAML below comments": ("<!-- one -->\n<!--\n--- two\n-->\n\n---\ntitle: A\n---\nbody", {"title": "A"}, "body", 9),
    "TOML below a comment": ("<!-- one -->\n+++\ntitle = 'A'\n+++\nbody", {"title": "A"}, "body", 5),
    "none": ("# A\n\nbody", {}, "# A\n\nbody", 1),
    "an introduction between two rules": (
        "---\nWelcome to all of you.\n---\n\nbody",
        {},
        "---\nWelcome to all of you.\n---\n\nbody",
        1,
    ),
    "an introduction that YAML cannot read": ('---\nWelcome [to "all\n---\nbody', {}, '---\nWelcome [to "all\n---\nbody', 1),
    "a rule in the first line": ("---\n\n# A\n\nNote: b", {}, "---\n\n# A\n\nNote: b", 1),
    "a comment above a rule": ("<!-- c -->\n\n---\n\nbody\n\n---\n", {}, "---\n\nbody\n\n---\n", 3),
    "dashes that close nothing": ("title: A\nb: c\n---d: 1\n", {}, "title: A\nb: c\n---d: 1\n", 1),
    "a heading that says what a title is": ("Title: the word\n---\nb", {}, "Title: the word\n---\nb", 1),
    "a comment of reStructuredText": (".. note::\n\nb", {}, ".. note::\n\nb", 1),
    "a sentence with a colon": ("Date: the fruit.\n\nb", {}, "Date: the fruit.\n\nb", 1),
    "braces that are no JSON": ("{\nnot json\n}", {}, "{\nnot json\n}", 1),
}


@pytest.mark.parametrize(("file", "metadata", "body", "line"), READ.values(), ids=READ)
def test_front_matter_is_taken_off_and_the_body_keeps_its_line(file: str, metadata: dict[str, Any], body: str, line: int) -> None:
    document = split_document(file.encode(), "a.md")
    got = {key: value for key, value in document.metadata.items() if isinstance(key, str) and key[0].isalpha()}
    assert (got, document.body, document.body_line, document.findings) == (metadata, body, line, ())


BROKEN = {
    "a key that stands twice": ("---\ntitle: A\ndate: 1\ntitle: B\n---\nb", 4, "'title' stands here a second time \\(first on line 2\\); keep one"),
    "a colon in a value": ("---\ndate: 1\ntitle: A: b\n---\nb", 3, "put the value in quotes"),
    "a list as a key": ("---\ntitle: A\n? [a]\n: b\n---\nb", 3, "a key must be a word"),
    "an open quote": ('---\ntitle: "A\ndate: 1\n---\nb', 2, "a quote is opened here and never closed"),
    "a tab": ("---\ntitle: A\n\tdate: 1\n---\nb", 3, "indented with spaces"),
    "a star": ("---\ntitle: *A*\n---\nb", 2, "a value that begins with \\* or & needs quotes"),
    "a colon in a value that nothing opens": ("date: 1\ntitle: A: b\n---\nb", 2, "put the value in quotes"),
    "nesting without end that nothing opens": ("title: A\nb: " + "[" * 5000 + "\n---\n", 2, "nested too deeply"),
    "a header without end that nothing opens": ("title: A\n" + "".join(f"k{n}: v\n" for n in range(9000)) + "---\nb", 1, "more than 64 KiB"),
    "a control character": ("---\ntitle: A\ndate: \x07\n---\nb", 3, "U\\+0007"),
    "a block that is never closed": ("---\ntitle: A\ndate: 1\n\nbody", 1, "never closed"),
    "nothing but a block that is never closed": ("\n---\ntitle: A\n", 2, "never closed"),
    "an alias bomb": (
        "---\na: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{n}: &{n} [{','.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)) + "---\n",
        2,
        "expand to too much",
    ),
    "a bomb of merged keys": (
        "---\n" + "a0: &a0 {" + ",".join(f"k{n}: 1" for n in range(20)) + "}\n"
        + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 9)) + "---\n",
        2,
        "expand to too much",
    ),
    "a long text told by many aliases": (f"---\na: &a {'é' * 30_000}\nb: [{'*a, ' * 99}]\n---\n", 2, "expand to too much"),
    "an alias of itself": ("---\na: 1\nb: &b [*b]\n---\n", 3, "stands within the value that it names"),
    "YAML nested without end": ("---\na: " + "[" * 5000 + "\n---\n", 2, "nested too deeply"),
    "YAML nested in each of its lines": ("---\n" + "a: " + "[" * 50 + "]" * 50 + "\n---\n", 2, "nested too deeply"),
    "TOML with a number of thousands of digits": ("+++\ntitle = 0x" + "f" * 9000 + "\n+++\n", 1, "a number too large to be one"),
    "TOML without quotes": ("+++\ndate = 2026-01-02\ntitle = A\n+++\nb", 3, "not valid TOML: Invalid value$"),
    "TOML with a key twice": ("+++\na = 1\na = 2\n+++\nb", 3, "not valid TOML: Cannot overwrite"),
    "TOML nested without end": ("+++\na = " + "[" * 5000 + "\n+++\n", 1, "nested too deeply"),
    "TOML with a key of a thousand parts": ("+++\nx = 1\n" + ".".join("a" * 1000) + " = 1\n+++\n", 3, "nested too deeply"),
    "JSON with a comma too many": ('{\n"title": "A",\n}\n---\nb', 3, "not valid JSON"),
    "JSON with a key twice": ('{"a": 1, "a": 2}\n\nb', 1, "'a' stands there twice"),
    "JSON with a number without end": ('{"a": ' + "9" * 5000 + "}\n", 1, "not valid JSON"),
    "JSON with thousands of values": ('{"a": [' + "1," * 20_000 + "1]}\n", 1, "more values than an issue needs"),
    "JSON nested without end": ('{"a": ' + "[" * 100_000, 1, "nested too deeply"),
    "a conflict in front matter": ("---\n<<<<<<< HEAD\ntitle: A\n=======\ntitle: B\n>>>>>>> b\n---\n", 2, "merge conflict"),
    "a conflict in the body": ("---\ntitle: A\n---\n\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n", 5, "merge conflict"),
    "a conflict beside code": ("```\nx\n```\n<<<<<<< a\n=======\n>>>>>>> b\n", 4, "merge conflict"),
    "a header without end": ("---\n" + "".join(f"k{n}: v\n" for n in range(9000)) + "---\nb", 1, "more than 64 KiB"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "line", "message"), BROKEN.values(), ids=BROKEN)
def test_broken_front_matter_is_an_error_with_its_line_and_what_to_do(file: str, line: int, message: str) -> None:
    with pytest.raises(IssueError, match=message) as caught:
        split_document(file.encode(), "a.md")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("---\n- a\n- b: c\n---\nbody", 1),
        ("\n+++\nnever closed\n\nbody", 2),
        ("Title: A\nTitle: B\nTitle: C\n\nbody", 2),
    ],
    ids=["a YAML list", "open TOML", "Pelican's key twice"],
)
def test_odd_front_matter_is_a_finding_and_its_text_stays(file: str, line: int) -> None:
    document = split_document(file.encode(), "a.md")
    assert [(finding.rule, finding.line) for finding in document.findings] == [("front-matter", line)]
    assert "body" in document.body


@pytest.mark.parametrize("fence", ["```", "~~~", "````", "```text"])
def test_code_that_shows_a_merge_conflict_is_no_conflict(fence: str) -> None:
    close = fence.rstrip("tex")
    file = f"---\ntitle: A\n---\n{fence}\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n{close}\n"
    assert split_document(file.encode(), "a.md").metadata == {"title": "A"}


def test_a_setext_heading_of_seven_is_no_conflict() -> None:
    assert split_document(b"Heading\n=======\n\nbody", "a.md").body_line == 1


@pytest.mark.parametrize(
    ("file", "lines"),
    [
        ("\n---\n# c\nTitle: A\nabout: |\n  date: no\ndate: 1\n---\n", {"title": 4, "about": 5, "date": 7}),
        ("+++\ntitle = 'A'\n[extra]\nimage = 'x'\n+++\n", {"title": 2, "image": 4}),
        ('{\n  "title": "A",\n  "date": "2026-01-02"\n}\n', {"title": 2, "date": 3}),
        ("Title: A\nDate: 2026-01-02\n\nNote: b", {"title": 1, "date": 2}),
        ('@def title = "A"\n@def tags = ["a"]\n', {"title": 1, "tags": 2}),
        ("<!--\n.. title: A\n.. date: 2026-01-02\n-->\n", {"title": 2, "date": 3}),
        ("title: A\ndate: 2026-01-02\n---\n", {"title": 1, "date": 2}),
        ("Note: no front matter\n", {}),
    ],
    ids=["YAML", "TOML", "JSON", "Pelican", "Franklin", "Nikola", "Hexo", "none"],
)
def test_every_key_knows_its_line(file: str, lines: dict[str, int]) -> None:
    assert split_document(file.encode(), "a.md").key_lines == lines


TAGGED = (
    *(
        "!!timestamp " + "1" * 400,
        "!!timestamp 11",
        "!!int foo",
        "!!int ''",
        "!!float ''",
        "!!float foo",
        "!!bool foo",
        "1" * 5000,
        "2026-13-45",
    ),
    *("0000-00-00", "9999-99-99", "10000-01-01", "2026-01-01T25:61:61", "2026-01-01T00:00:00+99:99", "0001-01-01T00:00:00+23:59"),
    *(
        "2026-01-01T00:00:00." + "9" * 300,
        ".inf",
        "-.inf",
        ".nan",
        "1e999999",
        "0o17",
        "0o8",
        "190:20:30",
        "1:59.5",
        "!!float 1:" + "5" * 400,
    ),
    *("!!binary aGVsbG8=", "!!set {a, b}", "!!omap [a: 1]", "!!pairs [a: b]", "!!null foo", "9999-12-31T23:59:59-23:59"),
)
NOT_READ = (
    *(
        "!!timestamp {a: b}",
        "!!timestamp {=: 3}",
        "!!bool {=: x}",
        "!!int [a]",
        "!!set a",
        "!!omap a",
        "!!pairs a",
        "!!map foo",
        "!!seq foo",
    ),
    *(
        "!!binary foo",
        "!!binary é",
        "!!python/object/apply:os.system [x]",
        "!!python/name:os.system",
        "!!merge x",
        "<<",
        "=",
        "!x y",
    ),
    *('"\\U00110000"', '"\\UFFFFFFFF"', "!!str [a]"),
)


@pytest.mark.parametrize("key", ["x", "date", "title", "draft", "tags", "authors", "description", "image", "slug", "events"])
def test_no_value_of_a_tag_is_a_fault(key: str) -> None:
    for value in TAGGED:
        assert read_issue("a.md", f"---\na: b\n{key}: {value}\n---\nbody".encode()).body == "body"


@pytest.mark.parametrize("value", NOT_READ)
def test_a_value_that_yaml_cannot_read_is_an_error_in_its_line(value: str) -> None:
    with pytest.raises(IssueError, match="the front matter cannot be read") as caught:
        split_document(f"---\na: b\nc: {value}\nd: e\n---\nbody".encode(), "a.md")
    assert caught.value.line == 3


def test_a_value_that_is_no_date_and_its_alias_are_the_same_text() -> None:
    assert split_document(b"---\na: &x !!timestamp 11\nb: *x\n---\n", "a.md").metadata == {"a": "11", "b": "11"}


@pytest.mark.parametrize(
    "file",
    [
        '---\ntitle: "a\\0b"\n---\n\nHi\n',
        '+++\ntitle = "a\\u0000b"\n+++\n\nHi\n',
        '{\n"title": "a\\u0000b"\n}\n\nHi\n',
    ],
    ids=["yaml", "toml", "json"],
)
def test_a_nul_that_an_escape_writes_is_no_text_that_a_database_would_refuse(file: str) -> None:
    assert read_issue("a.md", file.encode()).title == "a\ufffdb"
