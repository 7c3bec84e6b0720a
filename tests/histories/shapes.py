"""Shapes of repositories, each with what a moderator expects of every edition, decided from the story before any replay."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from histories import DAY, HOUR, START, body

WEEK, MONTH = 7 * DAY, 30 * DAY
Changes = Mapping[str, str | bytes | None]
PAGE = {"about.md": "# About\n\nThis is no issue.\n"}
_POOL = body("words").split()


def text(mark: str, *, own: int = 6, common: int = 0) -> str:
    """Return a text with a mark in its first paragraph, lines of its own, and lines that every edition has."""
    mine, ours = random.Random(mark), random.Random("common")
    lines = [" ".join(mine.choices(_POOL, k=12)) for _ in range(own)]
    shared = [" ".join(ours.choices(_POOL, k=12)) for _ in range(common)]
    parts = [f"This is mark-{mark}-mark.", "## News", *lines, "## About us", *shared[::2], "## Events", *shared[1::2]]
    return "\n\n".join(parts) + "\n"


def edition(mark: str, day: datetime | None, title: str | None = None, says: str | None = None, **more: object) -> str:
    """Return a file with front matter; ``says`` is its text when it is not one of its own."""
    fields = {"title": title or f"News of {mark}"} | ({"date": f"{day:%Y-%m-%d}"} if day else {}) | more
    head = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return f"---\n{head}---\n\n{says or text(mark)}"


def thick(mark: str, day: datetime | None, title: str, *, own: int = 2, common: int = 20, **more: object) -> str:
    """Return an edition most of which every edition says."""
    return edition(mark, day, title, text(mark, own=own, common=common), **more)


def past(count: int, name: str = "posts/{day:%Y-%m-%d}-news.md", every: timedelta = WEEK) -> dict[str, str]:
    """Return editions of the time before the first pass."""
    days = [START - number * every for number in range(1, count + 1)]
    return {name.format(day=day): edition(f"old-{day:%m-%d}", day) for day in days}


def wrapped(file: str) -> str:
    """Return a file with its paragraphs broken into short lines."""
    head, says = file.split("---\n\n", 1)
    paragraphs = ["\n".join(re.findall(r"(?:\S+\s*){1,5}", part)) if part[0] != "#" else part for part in says.split("\n\n")]
    return f"{head}---\n\n" + "\n\n".join(paragraphs)


@dataclass(frozen=True)
class Shape:
    """A story: commits, each some time after the one before, and what becomes of each mark.

    ``once`` are the marks that are posted, each in one message and no other; all others in none. ``asked``: the files about which a
    moderator is asked at some time.
    """

    steps: Sequence[tuple[timedelta, Changes]]
    once: str = ""
    asked: set[str] = field(default_factory=set)


# -- the next issue in the place of the last one ---------------------------------------------------------------------------

_FIRST = START + DAY
_ARCHIVED = {"current.md": edition("c", START + 2 * MONTH, "Newsletter"), "archive/2.md": edition("b", _FIRST + MONTH, "No. 2")}

SHAPES: dict[str, Shape] = {
    "one file with one title, overwritten each week, no dates": Shape(
        [(HOUR, PAGE), *((WEEK, {"newsletter.md": edition(mark, None, "Our newsletter")}) for mark in "abc")],
        once="a",
        asked={"newsletter.md"},
    ),
    "one file with one title, overwritten each week, dated": Shape(
        [(HOUR, PAGE), *((WEEK, {"newsletter.md": edition(mark, START + n * WEEK, "News")}) for n, mark in enumerate("ab", 1))],
        once="a",
        asked={"newsletter.md"},
    ),
    "one file overwritten, most of it the template's, told by its title's month": Shape(
        [
            (HOUR, PAGE),
            *((MONTH, {"newsletter.md": thick(m, START + n * MONTH, t)}) for n, m, t in [(1, "a", "April"), (2, "b", "May")]),
        ],
        once="a",
        asked={"newsletter.md"},
    ),
    "one file overwritten, most of it the template's, told by its title's number": Shape(
        [
            (HOUR, PAGE),
            *((WEEK, {"newsletter.md": thick(mark, None, f"Issue {number}")}) for mark, number in [("a", 87), ("b", 88)]),
        ],
        once="a",
        asked={"newsletter.md"},
    ),
    "one slug for a rolling issue, in a new file each month": Shape(
        [
            (HOUR, PAGE),
            (DAY, {"a/1.md": thick("a", _FIRST, "News", slug="newsletter")}),
            (MONTH, {"a/1.md": None, "a/2.md": thick("b", _FIRST + MONTH, "More", slug="newsletter")}),
        ],
        once="a",
        asked={"a/2.md"},
    ),
    "only the latest is kept, most of it the template's, and nobody knows the template yet": Shape(
        [
            (HOUR, PAGE),
            (DAY, {"2026-03/index.md": thick("a", _FIRST, "This month")}),
            (MONTH, {"2026-03/index.md": None, "2026-04/index.md": thick("b", _FIRST + MONTH, "This month")}),
        ],
        once="a",
        asked={"2026-04/index.md"},
    ),
    "only the latest is kept, removed some days before the next": Shape(
        [
            (HOUR, {"0.md": thick("old", START - DAY, "This month")}),
            (DAY, {"1.md": thick("a", _FIRST, "This month")}),
            (MONTH - 2 * DAY, {"1.md": None}),
            (2 * DAY, {"2.md": thick("b", _FIRST + MONTH, "This month")}),
        ],
        once="a b",
    ),
    "the current file is copied into the archive in the commit that begins the next, under another title": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"current.md": edition("a", None, "Newsletter")}),
            (MONTH, {"current.md": edition("b", None, "Newsletter"), "archive/1.md": edition("a", _FIRST, "No. 1")}),
            (MONTH, _ARCHIVED),
        ],
        once="a b c",
    ),
    "the current file is copied into the archive a commit after the next began": Shape(
        [
            (HOUR, PAGE),
            (DAY, {"current.md": edition("a", _FIRST, "May news")}),
            (MONTH, {"current.md": edition("b", _FIRST + MONTH, "June news")}),
            (HOUR, {"archive/2026-05.md": edition("a", _FIRST, "May news")}),
        ],
        once="a b",
        asked={"current.md"},
    ),
    "the README is the latest issue": Shape(
        [
            (HOUR, {"README.md": f"# The newsletter\n\n{text('old')}"}),
            (MONTH, {"README.md": f"# The newsletter\n\n{text('a')}", "archive/03.md": f"# The newsletter\n\n{text('old')}"}),
            (MONTH, {"README.md": f"# The newsletter\n\n{text('b')}", "archive/04.md": f"# The newsletter\n\n{text('a')}"}),
        ],
        once="a b",
    ),
    "a post named for its title is touched up, and its date with it": Shape(
        [
            (HOUR, past(6)),
            (DAY, {"posts/big-news.md": edition("a", _FIRST, "Big news", text("a", own=30))}),
            (WEEK, {"posts/big-news.md": edition("a", _FIRST + WEEK, "Big news", text("a", own=30) + "\nAll is well now.\n")}),
        ],
        once="a",
    ),
    "the next issue is written over the last one by mistake, which is put right in an hour": Shape(
        [
            (HOUR, past(4)),
            (DAY, {"w10.md": edition("a", _FIRST, "Week 10")}),
            (WEEK, {"w10.md": edition("b", _FIRST + WEEK, "Week 11")}),
            (HOUR, {"w10.md": edition("a", _FIRST, "Week 10"), "w11.md": edition("b", _FIRST + WEEK, "Week 11")}),
        ],
        once="a b",
        asked={"w10.md"},
    ),
}

# -- numbers ---------------------------------------------------------------------------------------------------------------


def _numbered(number: int, mark: str, *, titled: bool) -> str:
    return edition(mark, None, f"Issue {number}") if titled else text(mark)


for titled in (True, False):
    name = "titled" if titled else "untitled"
    SHAPES[f"a forgotten issue is put in, and all later ones move up by one, {name}"] = Shape(
        [
            (HOUR, {f"{number}.md": _numbered(number, f"old-{number}", titled=titled) for number in (1, 2)}),
            (DAY, {"3.md": _numbered(3, "a", titled=titled)}),
            (DAY, {"4.md": _numbered(4, "b", titled=titled)}),
            (DAY, {f"{n}.md": _numbered(n, mark, titled=titled) for n, mark in [(3, "new"), (4, "a"), (5, "b")]}),
        ],
        once="a b new",
    )

SHAPES |= {
    "two untitled files swap their names": Shape(
        [(HOUR, past(4)), (DAY, {"1.md": text("a"), "2.md": text("b")}), (DAY, {"1.md": text("b"), "2.md": text("a")})],
        once="a b",
    ),
    "most of each numbered issue is the template's, and so is its title": Shape(
        [(HOUR, PAGE), *((WEEK, {f"{n}.md": f"# Weekly\n\n{text(f'n{n}', own=2, common=24)}"}) for n in range(1, 9))],
        once=" ".join(f"n{number}" for number in range(1, 9)),
        asked={"2.md"},
    ),
}

# -- a site moves ----------------------------------------------------------------------------------------------------------

_YOUNG = {f"posts/2026-03-0{day}-news.md": edition(f"n{day}", START + (day - 2) * DAY, "This week") for day in (2, 3, 4)}
_COMING = [(HOUR, PAGE), *((DAY, {path: file}) for path, file in _YOUNG.items())]


def _moved(old: str, new: str) -> dict[str, str]:
    """Return the young site's files in new places, with new titles and line breaks."""
    return {f"src/blog/{path[6:16]}/index.mdx": wrapped(file.replace(old, new)) for path, file in _YOUNG.items()}


_UNDATED = {f"{number}.md": edition(f"old-{number}", None, f"Issue {number}") for number in (85, 86, 87)}
_UNDATED_MOVED = {
    f"issues/0{path[:2]}/index.mdx": wrapped(file.replace("Issue ", "Weekly, edition ")) for path, file in _UNDATED.items()
}

SHAPES |= {
    "a young site moves and breaks its lines anew, every title the same": Shape(
        [*_COMING, (DAY, dict.fromkeys(_YOUNG) | _moved("", ""))], once="n2 n3 n4"
    ),
    "a young site moves, breaks its lines anew and changes its titles": Shape(
        [*_COMING, (DAY, dict.fromkeys(_YOUNG) | _moved("This week", "Weekly notes"))],
        once="n2 n3 n4",
        asked=set(_moved("", "")),
    ),
    "a young site is removed and comes back an hour later with other lines and titles": Shape(
        [*_COMING, (DAY, dict.fromkeys(_YOUNG)), (HOUR, _moved("This week", "Weekly notes"))],
        once="n2 n3 n4",
        asked=set(_moved("", "")),
    ),
    "an undated site moves, breaks its lines anew and changes its titles": Shape(
        [(HOUR, _UNDATED), (DAY, dict.fromkeys(_UNDATED) | _UNDATED_MOVED)], asked=set(_UNDATED_MOVED)
    ),
    "a name is encoded anew, then its case changes": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"posts/Fr\u00fchling.md": edition("a", _FIRST)}),
            (DAY, {"posts/Fr\u00fchling.md": None, "posts/Fru\u0308hling.md": edition("a", _FIRST) + "\nMore.\n"}),
            (DAY, {"posts/Fru\u0308hling.md": None, "posts/fru\u0308hling.md": edition("a", _FIRST)}),
        ],
        once="a",
    ),
    "a file becomes a bundle with other line ends in the commit that brings the next": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"posts/a.md": edition("a", _FIRST)}),
            (
                WEEK,
                {
                    "posts/a.md": None,
                    "posts/a/index.md": edition("a", _FIRST).replace("\n", "\r\n"),
                    "posts/b/index.md": edition("b", _FIRST + WEEK),
                },
            ),
        ],
        once="a b",
    ),
}

# -- texts that are begun as others, split and merged ----------------------------------------------------------------------

_TEMPLATE = "\n\n".join(f"## Part {part}\n\nWrite here what is new in part {part} of the project." for part in range(8))
_FEBRUARY = text("feb", own=12)
_A, _B = text("a", own=10), text("b", own=10)

SHAPES |= {
    "an issue says what an earlier one said, under a title and date of its own": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"feb.md": edition("feb", START, "February", _FEBRUARY)}),
            (MONTH, {"mar.md": edition("mar", START + MONTH + DAY, "March", _FEBRUARY.replace("-feb-", "-mar-"))}),
        ],
        once="feb mar",
    ),
    "a template is copied, and filled in a day later": Shape(
        [
            (HOUR, past(3) | {"_template.md": edition("t", START - WEEK, "TITLE", _TEMPLATE)}),
            (DAY, {"spring.md": edition("t", _FIRST, "Spring", "This is mark-t-mark.\n\n" + _TEMPLATE)}),
            (DAY, {"spring.md": edition("a", _FIRST, "Spring", text("a") + _TEMPLATE.replace("Write here", "We know"))}),
        ],
        once="a",
        asked={"spring.md"},
    ),
    "the skeletons of half a year come at once, and one is not filled in time": Shape(
        [
            (HOUR, past(3)),
            (
                DAY,
                {
                    f"2026/0{n}.md": edition("s", START + n * MONTH, f"Month {n}", f"This is mark-s{n}-mark.\n\n{_TEMPLATE}")
                    for n in range(1, 7)
                },
            ),
            (MONTH, {}),
            (HOUR, {"2026/01.md": edition("m1", START + MONTH, "Month 1")}),
            (MONTH, {"2026/02.md": edition("m2", START + 2 * MONTH, "Month 2")}),
        ],
        once="m1 m2",
        asked={"2026/01.md"},
    ),
    "the draft of the next issue is copied out and reset in one commit": Shape(
        [
            (HOUR, past(3) | {"next.md": edition("t", None, "Next", _TEMPLATE, draft="true")}),
            (DAY, {"next.md": edition("a", None, "Next", draft="true")}),
            (DAY, {"next.md": edition("t", None, "Next", _TEMPLATE, draft="true"), "a.md": edition("a", _FIRST, "Spring")}),
            (WEEK, {"next.md": edition("b", None, "Next", draft="true")}),
            (DAY, {"next.md": edition("t", None, "Next", _TEMPLATE, draft="true"), "b.md": edition("b", _FIRST + WEEK, "Summer")}),
        ],
        once="a b",
    ),
    "an issue is split in two": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"ab.md": edition("a", START, "A and B", _A + _B.split("\n\n", 1)[1])}),
            (HOUR, {"ab.md": edition("a", START, "A", _A), "b.md": edition("b", START, "B", _B)}),
        ],
        once="a b",
    ),
    "two issues are merged into one": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"a.md": edition("a", START, "A", _A)}),
            (HOUR, {"b.md": edition("b", START, "B", _B)}),
            (HOUR, {"a.md": None, "b.md": None, "ab.md": edition("a", START, "A and B", _A + _B.split("\n\n", 1)[1])}),
        ],
        once="a b",
    ),
    "a corrected edition stands beside the one that it corrects": Shape(
        [
            (HOUR, past(4)),
            (DAY, {"a.md": edition("a", _FIRST, "March", _A)}),
            (
                DAY,
                {"b.md": edition("a", _FIRST, "March, corrected", _A + "\nThe lamp is lit, of course, as all of us know.\n")},
            ),
        ],
        once="a",
        asked={"b.md"},
    ),
    "two series of one template come out on the same days": Shape(
        [
            (HOUR, past(3)),
            *(
                (WEEK, {f"{s}/{n}.md": thick(f"{s}{n}", START + n * WEEK, f"{s} {n}", own=4, common=10) for s in ("core", "web")})
                for n in range(1, 4)
            ),
        ],
        once="core1 core2 core3 web1 web2 web3",
    ),
}

# -- what stands beside issues ---------------------------------------------------------------------------------------------

SHAPES |= {
    "translations come with their own date, and with names of their own": Shape(
        [
            (HOUR, past(3, "{day:%Y-%m}/index.md", MONTH)),
            (DAY, {"2026-03/index.md": edition("a", _FIRST), "posts/2026-03-03-spring.md": edition("b", _FIRST)}),
            (
                9 * DAY,
                {
                    "2026-03/index.de.md": edition("ade", _FIRST + 9 * DAY, "Neues im Winter"),
                    "de/posts/2026-03-03-fruehling.md": edition("bde", _FIRST, "Neues im Lenz"),
                },
            ),
            (
                DAY,
                {f"{part}2026-03-13-{part[:2]}.md": edition(f"c{part[:2]}", START + 11 * DAY) for part in ("posts/", "de/posts/")},
            ),
        ],
        once="a b cpo",
        asked={"2026-03/index.de.md", "de/posts/2026-03-03-fruehling.md", "de/posts/2026-03-13-de.md"},
    ),
    "translations lie in a tree of their own": Shape(
        [
            (HOUR, past(3, "blog/{day:%Y-%m-%d}-news.mdx")),
            (DAY, {"blog/2026-03-03-spring.mdx": edition("a", _FIRST)}),
            (DAY, {"i18n/de/plugin-content-blog/2026-03-03-spring.mdx": edition("ade", _FIRST, "Neues im Lenz")}),
        ],
        once="a",
        asked={"i18n/de/plugin-content-blog/2026-03-03-spring.mdx"},
    ),
    "pages about the repository and templates come after the first pass": Shape(
        [
            (HOUR, past(3)),
            (
                DAY,
                {
                    "CONTRIBUTING.md": text("x1"),
                    "README.md": f"# Us\n\n{text('x2')}",
                    "_template.md": edition("x3", None, "Title"),
                    "posts/_partial.md": edition("x4", None, "Part"),
                    "archetypes/issue.md": edition("x5", None, "Title here"),
                },
            ),
            (DAY, {"2026-03-04/README.md": f"# An issue\n\n{text('a')}"}),
        ],
        once="a",
        asked={"CONTRIBUTING.md", "README.md", "_template.md", "posts/_partial.md", "archetypes/issue.md"},
    ),
    "a pointer of Git LFS stands in an issue's place until the issue comes": Shape(
        [
            (HOUR, past(3)),
            (DAY, {"a.md": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\nx mark-lfs-mark\n"}),
            (DAY, {"a.md": edition("a", _FIRST)}),
        ],
        once="a",
    ),
    "the site is copied into a folder, and the old files go a day later": Shape(
        [
            *_COMING,
            (DAY, {f"web/{path}": file for path, file in _YOUNG.items()}),
            (DAY, dict.fromkeys(_YOUNG)),
            (DAY, {f"web/{path}": file + "\nA footer.\n" for path, file in _YOUNG.items()}),
        ],
        once="n2 n3 n4",
        asked={f"web/{path}" for path in _YOUNG},
    ),
    "the first issue comes into a repository that had none": Shape([(HOUR, {}), (DAY, {"a.md": edition("a", _FIRST)})], once="a"),
}
