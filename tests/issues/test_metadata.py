"""What front matter and path say about an issue: title, date, draft, slug, picture, authors, tags."""

import datetime as dt

import pytest

from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.issue_date import date_in_path, parse_date
from heartbeat_bot.issues.reading import read_issue


def issue(front_matter: str = "title: A", body: str = "text", path: str = "blog/my-issue.md") -> Issue:
    return read_issue(path, f"---\n{front_matter}\n---\n{body}\n".encode())


def found(read: Issue) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.line) for finding in read.findings]


UTC = dt.UTC
DATES: dict[str, dt.date | None] = {
    "2026-01-31": dt.date(2026, 1, 31),
    "2026-1-8": dt.date(2026, 1, 8),
    "2026/01/31": dt.date(2026, 1, 31),
    "2026.01.31": dt.date(2026, 1, 31),
    "20260131": dt.date(2026, 1, 31),
    "10-22-2025": dt.date(2025, 10, 22),
    "10/11/2025": dt.date(2025, 10, 11),
    "22-10-2025": dt.date(2025, 10, 22),
    "31.12.2025": dt.date(2025, 12, 31),
    "1 March 2026": dt.date(2026, 3, 1),
    "05 October 2024": dt.date(2024, 10, 5),
    "1st of March 2026": dt.date(2026, 3, 1),
    "1. March 2026": dt.date(2026, 3, 1),
    "March 1, 2026": dt.date(2026, 3, 1),
    "Mar. 1st, 2026": dt.date(2026, 3, 1),
    "Sept 3, 2025": dt.date(2025, 9, 3),
    "Sunday, March 1, 2026": dt.date(2026, 3, 1),
    "2026-03-01 #TODO": dt.date(2026, 3, 1),
    "2026-03-01 10:00": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "2026-03-01T10:00:00": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "2026-03-01T10:00:00Z": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "2026-03-01 10:00 UTC": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "2026-03-01 10:00:00 -0500": dt.datetime(2026, 3, 1, 15, tzinfo=UTC),
    "2026-03-01 10:00:00 +0000 UTC": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "Sun, 01 Mar 2026 10:00:00 GMT": dt.datetime(2026, 3, 1, 10, tzinfo=UTC),
    "2026-03-01 10:00 PST": dt.date(2026, 3, 1),
    "2026-03-01 25:99": dt.date(2026, 3, 1),
    "2026-02-30": None,
    "2026-03": None,
    "March 2026": None,
    "2026": None,
    "1 mars 2026": None,
    "1. März 2026": None,
    "2026年3月1日": None,
    "TBD": None,
}


@pytest.mark.parametrize(("text", "expected"), DATES.items())
def test_dates_are_read_as_people_write_them(text: str, expected: dt.date | None) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("front_matter", "expected"),
    [
        ("date: 2026-01-31", dt.date(2026, 1, 31)),
        ("date: 2026-01-31 # TODO", dt.date(2026, 1, 31)),
        ("date: 20260131", dt.date(2026, 1, 31)),
        ("date: 2026-01-31 12:00:00", dt.datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("date: 2026-01-31T12:00:00+02:00", dt.datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("Date: 1 March 2026", dt.date(2026, 3, 1)),
        ("published: 1 March 2026", dt.date(2026, 3, 1)),
        ("pubDate: 2026-01-31", dt.date(2026, 1, 31)),
        ("date: 2026-01-31\npublishDate: 2026-02-10", dt.date(2026, 2, 10)),
        ("published: true\ndate: 2026-01-31", dt.date(2026, 1, 31)),
        ("date:", None),
        ("date: [2026]", None),
        ("lastmod: 2026-01-31", None),
    ],
)
def test_the_date_comes_from_the_front_matter(front_matter: str, expected: dt.date | None) -> None:
    read = issue(f"title: A\n{front_matter}")
    assert (read.date, found(read)) == (expected, [])


@pytest.mark.parametrize(
    "value", ["1. März 2026", "soon", "2026", "2026-03", "2026-13-45", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +05:00"]
)
def test_a_date_that_cannot_be_read_is_a_finding_with_its_line_and_the_file_name_helps_out(value: str) -> None:
    read = issue(f"title: A\ndate: {value}", path="2026-01-31-a.md")
    assert (read.date, found(read)) == (dt.date(2026, 1, 31), [("bad-date", 3)])


@pytest.mark.parametrize(
    ("path", "day", "slug"),
    [
        ("2026-08-16-update.md", dt.date(2026, 8, 16), "update"),
        ("blog/2022-1-18-Update.md", dt.date(2022, 1, 18), "update"),
        ("blog/2022-1-18.md", dt.date(2022, 1, 18), "2022-1-18"),
        ("20260816-update.md", dt.date(2026, 8, 16), "update"),
        ("update-2026-08-16.md", dt.date(2026, 8, 16), "update-"),
        ("2026/08/16/update.md", dt.date(2026, 8, 16), "update"),
        ("2026-08-16/index.md", dt.date(2026, 8, 16), "2026-08-16"),
        ("2026-08-16-update/index.en.md", dt.date(2026, 8, 16), "update"),
        ("2026/08/this-month.md", None, "this-month"),
        ("2026/08/index.md", None, "2026-08"),
        ("update/_index.md", None, "update"),
        ("update/README.md", None, "update"),
        ("index.md", None, "index"),
        ("2018_05.md", None, "2018_05"),
        ("2025-13-45-x.md", None, "x"),
        ("Bullhorn #58.md", None, "bullhorn-58"),
        ("my issue copy.md", None, "my-issue-copy"),
        ("no-extension", None, "no-extension"),
        ("Ünïcode.md", None, "ünïcode"),
        ("n" * 300 + ".md", None, "n" * 300),
    ],
)
def test_a_path_says_day_and_slug(path: str, day: dt.date | None, slug: str) -> None:
    read = issue(path=path)
    assert (read.date, read.slug.removesuffix("-"), date_in_path(path)) == (day, slug.removesuffix("-"), day)


@pytest.mark.parametrize(
    ("front_matter", "slug"),
    [("slug: x-y", "x-y"), ("slug: /blog/x/", "x"), ("Slug: 12", "12"), ("slug: ''", "my-issue"), ("slug: /", "my-issue")],
)
def test_a_slug_of_the_front_matter_wins(front_matter: str, slug: str) -> None:
    assert issue(f"title: A\n{front_matter}").slug == slug


@pytest.mark.parametrize(
    ("front_matter", "draft"),
    [
        ("draft: true", True),
        ("draft: yes", True),
        ("draft: 'True'", True),
        ("Draft: 1", True),
        ("draft: false", False),
        ("draft: no", False),
        ("draft:", False),
        ("published: false", True),
        ("published: 2026-01-02", False),
        ("publish: no", True),
        ("unlisted: true", True),
        ("hidden: true", True),
        ("private: true", True),
        ("eleventyExcludeFromCollections: true", True),
        ("status: draft", True),
        ("Status: Hidden", True),
        ("status: published", False),
        ("visibility: private", True),
        # Pages that a site takes down again were news once; the policy's max_age is what keeps old ones back.
        ("expiryDate: 2020-01-01", False),
        ("lastmod: 2020-01-01", False),
    ],
)
def test_a_draft_is_told_in_every_spelling(front_matter: str, draft: bool) -> None:  # noqa: FBT001
    read = issue(f"title: A\n{front_matter}")
    assert (read.draft, found(read)) == (draft, [])


def test_a_flag_that_is_neither_true_nor_false_keeps_the_issue_back_and_says_so() -> None:
    read = issue("title: A\ndraft: almost done")
    assert (read.draft, found(read)) == (True, [("bad-flag", 3)])


@pytest.mark.parametrize(
    ("path", "draft"),
    [
        ("draft/a.md", True),
        ("content/_drafts/a.md", True),
        ("Drafts/2026/a.md", True),
        ("content/2026-01-02-a-draft.md", False),
        ("content/draft.md", False),
        ("drafting/a.md", False),
    ],
)
def test_a_drafts_folder_holds_drafts_and_a_name_does_not_make_one(path: str, draft: bool) -> None:  # noqa: FBT001
    assert issue(path=path).draft is draft


@pytest.mark.parametrize(
    ("front_matter", "body", "title", "intro", "sections"),
    [
        ("title: A", "# B\n\nx\n\n# C\n\ny", "A", [], ["B", "C"]),
        ("title: Hello, World!", "# Hello world\n\nx\n\n## C\n\n## D", "Hello world", ["x"], ["C", "D"]),
        ("title: A\n", "## A\n\nx\n\n## C\n\n## D", "A", ["x"], ["C", "D"]),
        ("x: y", "# A\n\nx", "A", ["x"], []),
        ("x: y", "A\n=\n\nx\n\n## B\n\ny", "A", ["x"], ["B"]),
        ("x: y", "# A\n\n# B", "My issue", [], ["A", "B"]),
        ("x: y", "Intro\n\n# A\n\nx", "My issue", ["Intro"], ["A"]),
        ("x: y", "# [A](https://x.org)\n\nx", "My issue", [], ["A"]),
        ("headline: A", "x", "A", ["x"], []),
        ("title: 2026", "x", "2026", ["x"], []),
        ("title: 2026-01-02", "x", "2026-01-02", ["x"], []),
        ("title: |\n  A\n  b 🎉", "x", "A b 🎉", ["x"], []),
        ("title: ''", "x", "My issue", ["x"], []),
        ("title: [A]", "x", "My issue", ["x"], []),
    ],
)
def test_the_title_is_the_front_matters_else_the_only_first_heading(
    front_matter: str, body: str, title: str, intro: list[str], sections: list[str]
) -> None:
    read = issue(front_matter, body)
    assert read.title == title
    assert [block.get_text() for block in read.intro] == intro
    assert [section.title for section in read.sections] == sections
    assert [finding.rule for finding in read.findings] == (["no-title"] if title == "My issue" else [])


def test_a_title_lost_to_a_comment_sign_says_so_in_its_line() -> None:
    read = issue("date: 2026-01-02\ntitle: #294: Lamps")
    assert [(finding.rule, finding.line) for finding in read.findings] == [("no-title", 3)]
    assert "must stand in quotes" in read.findings[0].message


@pytest.mark.parametrize(
    ("front_matter", "picture", "alt"),
    [
        ("picture: a.png", "a.png", ""),
        ("picture: a.png\npictureAlt: Lamp", "a.png", "Lamp"),
        ("cover: /img/a.png", "/img/a.png", ""),
        ("cover:\n  image: a.png\n  alt: Lamp\n  caption: c", "a.png", "Lamp"),
        ("image:\n  path: a.png\n  alt: Lamp", "a.png", "Lamp"),
        ("image:\n  feature: a.png", "a.png", ""),
        ("header:\n  teaser: a.png", "a.png", ""),
        ("images:\n  - a.png\n  - b.png", "a.png", ""),
        ("images:\n  - src: a.png\n    alt: Lamp", "a.png", "Lamp"),
        ("featuredImage: a.png", "a.png", ""),
        ("extra:\n  hero_image: a.png", "a.png", ""),
        ("thumbnail: a.png\nimage: b.png", "b.png", ""),
        ("image: true\nthumbnail: a.png", "a.png", ""),
        ("image: []", "", ""),
        ("cover: {}", "", ""),
    ],
)
def test_the_picture_is_found_under_every_name(front_matter: str, picture: str, alt: str) -> None:
    read = issue(f"title: A\n{front_matter}")
    assert (read.picture, read.picture_alt) == (picture, alt)


@pytest.mark.parametrize(
    ("front_matter", "authors"),
    [
        ("author: Ann", ["Ann"]),
        ("author: Ann, Bo", ["Ann", "Bo"]),
        ("authors: Doe, Ann; Roe, Bo", ["Doe, Ann", "Roe, Bo"]),
        ("authors: [Ann, Bo]", ["Ann", "Bo"]),
        ("authors: ['Doe, Ann']", ["Doe, Ann"]),
        ("authors:\n  - name: Ann\n    url: x\n  - Bo", ["Ann", "Bo"]),
        ("author: {name: Ann, mail: a@x.org}", ["Ann"]),
        ("authors:\n  ann: {title: x}\n  bo: {}", ["ann", "bo"]),
        ("author: Ann <ann@example.org>", ["Ann"]),
        ("editors: [Ann]", ["Ann"]),
        ("taxonomies:\n  authors: [Ann]", ["Ann"]),
        ("author: Ann\nauthors: [Ann, Ann]", ["Ann"]),
        ("author:", []),
        ("author: true", []),
        ("authors: [[[Ann]]]", []),
    ],
)
def test_authors_are_named_however_they_are_written(front_matter: str, authors: list[str]) -> None:
    assert list(issue(f"title: A\n{front_matter}").authors) == authors


@pytest.mark.parametrize(
    ("front_matter", "tags"),
    [
        ("tags: [a, b c]", ["a", "b c"]),
        ("tags: a, b", ["a", "b"]),
        ("tags: \"['a', 'b']\"", ["a", "b"]),
        ("tags:\n  - a\n  - 2026\n  -", ["a", "2026"]),
        ("keywords: a", ["a"]),
        ("taxonomies: {tags: [a]}", ["a"]),
        ("tags:", []),
    ],
)
def test_tags_are_read_from_lists_and_text(front_matter: str, tags: list[str]) -> None:
    assert list(issue(f"title: A\n{front_matter}").tags) == tags
