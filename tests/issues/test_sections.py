"""Where an issue is cut: the level of its sections, strays, labels, what is no heading, and the anchors."""

import pytest

from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.issues.sections import anchor


def issue(body: str) -> Issue:
    return read_issue("a.md", f"---\ntitle: T\n---\n{body}\n".encode())


def outline(body: str) -> list[str]:
    """Name sections, their subsections after a dash."""
    return [
        name for section in issue(body).sections for name in (section.title, *(f"- {sub.title}" for sub in section.subsections))
    ]


CUTS: dict[str, tuple[str, list[str]]] = {
    "h2": ("## A\n\n## B\n\n### C", ["A", "B", "- C"]),
    "h1 with h2 below": ("# A\n\n## B\n\n# C\n\n## D\n\n### E", ["A", "- B", "C", "- D"]),
    "h3 only": ("### A\n\n### B", ["A", "B"]),
    "a stray above": ("## A\n\n# Quote of the week\n\n## B", ["A", "Quote of the week", "B"]),
    "an event typed as h1": ("## A\n\n# 2026-07-23 | Hall\n\n## B", ["A", "2026-07-23 | Hall", "B"]),
    "one heading": ("text\n\n### A", ["A"]),
    "each level once": ("## A\n\n### B\n\n#### C", ["A", "- B"]),
    "the title repeated": ("# T\n\n## A\n\n## B", ["A", "B"]),
    "the title repeated, set under": ("T\n===\n\n## A\n\n## B", ["A", "B"]),
    "setext": ("A\n---\n\nx\n\nB\n---\n\ny", ["A", "B"]),
    "levels that skip": ("## A\n\n#### B\n\n## C\n\n### D\n\n#### E", ["A", "- B", "C", "- D"]),
    "none": ("one\n\ntwo", []),
    "in a quote": ("> ## A\n\n> ## B\n\n## C", ["C"]),
    "in a list": ("- ## A\n- ## B\n\n## C", ["C"]),
    "in code": ("```\n## A\n```\n\n    ## B\n\n## C", ["C"]),
    "in a comment": ("<!--\n## A\n-->\n\n## C", ["C"]),
    "raw HTML": ("<h2>A</h2>\n\nx\n\n<h2 id='y'>B</h2>", ["A", "B"]),
    "without the space": ("##A\n\n## B", ["B"]),
    "labels in bold": ("intro\n\n**A**\n\n- x\n\n**B:**\n\ny", ["A", "B:"]),
    "a single label": ("**A**\n\nx", []),
    "bold sentences": ("**We are here.**\n\nx\n\n**We stay here!**\n\ny", []),
    "labels beside headings": ("## A\n\n**B**\n\nx\n\n**C**\n\ny", ["A"]),
    "labels with more behind": ("**A** x\n\n**B** y", []),
}


@pytest.mark.parametrize(("body", "expected"), CUTS.values(), ids=CUTS)
def test_an_issue_is_cut_at_its_own_section_level(body: str, expected: list[str]) -> None:
    assert outline(body) == expected


def test_what_stands_before_the_first_section_is_the_introduction_and_nothing_is_lost() -> None:
    read = issue("one\n\n## A\n\ntwo\n\n### B\n\nthree\n\n#### C\n\nfour")
    assert [block.get_text() for block in read.intro] == ["one"]
    (section,) = read.sections
    assert [block.get_text() for block in section.blocks] == ["two"]
    assert [block.get_text() for block in section.subsections[0].blocks] == ["three", "C", "four"]


def test_a_section_knows_its_line_in_the_file() -> None:
    assert [section.line for section in issue("## A\n\nx\n\n## B").sections] == [4, 8]


ANCHORS = {
    "What's new": "whats-new",
    "A & B": "a--b",
    "🎉 News": "-news",
    "Rust 1.80.0": "rust-1800",
    "snake_case  and   spaces": "snake_case-and-spaces",
    "Ünïcode ist schön": "ünïcode-ist-schön",
    "हिन्दी समाचार": "हिन्दी-समाचार",
    "C++ / C#": "c--c",
    "Tom—Jerry": "tomjerry",
    "Q&A (2026)": "qa-2026",
}


@pytest.mark.parametrize(("heading", "expected"), ANCHORS.items())
def test_anchors_are_made_as_github_makes_them(heading: str, expected: str) -> None:
    assert anchor(heading) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("## A\n\n## A\n\n## A", ["a", "a-1", "a-2"]),
        ("## A\n\n## A\n\n## A-1", ["a", "a-1", "a-1-1"]),
        ("## A {#own}\n\n## B {#own .c}\n\n## Own", ["own", "own-1", "own-2"]),
        ("## A {: #own .c}\n\n## B\n{: #mine}\n\nx", ["own", "mine"]),
        ("<h2 id='own'>A</h2>\n\n## <a id='mine'></a>B\n\n## <a name='third'></a> C", ["own", "mine", "third"]),
        ("## 🎉\n\n## 🎊", ["section", "section-1"]),
        ("## [A](https://x.org) `b`\n\n## *B*", ["a-b", "b"]),
    ],
)
def test_anchors_are_a_headings_own_or_made_and_always_distinct(body: str, expected: list[str]) -> None:
    assert [section.anchor for section in issue(body).sections] == expected


def test_marks_of_ids_are_no_text() -> None:
    read = issue("## A {#own}\n\nx\n\n## B\n{: #mine .c}\n\ny")
    assert [section.title for section in read.sections] == ["A", "B"]
    assert [block.get_text() for section in read.sections for block in section.blocks] == ["x", "y"]


def test_text_behind_what_belongs_into_the_head_of_a_page_is_text_of_the_issue() -> None:
    assert "seen" in issue("<title>t</title><details><summary>s</summary>seen</details>").intro[-1].get_text()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "body", ["<?xml version='1.0'?><a/>", "<div>notes.html</div>", "<pre>/etc/passwd</pre>", "", "<!-- c -->", "<"]
)
def test_no_text_is_taken_for_another_kind_of_document(body: str) -> None:
    issue(body)
