"""Whatever is written, reading events and jobs ends soon and raises nothing."""

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.extract.events import find_events
from heartbeat_bot.extract.jobs import find_jobs
from heartbeat_bot.issues.reading import read_issue

MAY = "---\ntitle: May\ndate: 2026-05-10\n---\n\n"

HOSTILE = [
    ("thousands of dates in a line", "- " + "June 7, [a](b) " * 500 + "June 7, b " * 3000),
    ("thousands of days before a month", "- " + "1, 2, 3 & " * 3000 + "June"),
    ("a name of ten thousand hyphens", "- June 7 in " + "A-" * 5000),
    ("ten thousand capitals", "- in " + "Aa Bb, " * 1500 + "| June 7"),
    ("opening brackets", "- June 7 " + "(" * 10_000),
    ("quotation marks", "- June 7 " + "“" * 10_000),
    ("bars", "- June 7 " + "| " * 5000),
    ("colons and digits", "- June 7 " + "12:" * 4000 + " UTC"),
    ("one long word", "- June 7 " + "x" * 10_000),
    ("spaces and dots", "- June 7 " + ". A" * 5000),
    ("a long heading", "## at " + "at conference " * 1000),
    ("at signs", "- June 7 " + "@ A " * 3000),
    ("years", "- " + "2026-06-07/" * 2000),
    ("a long table", "| a | b |\n|---|---|\n" + "| June 7 | [x](y) |\n" * 600),
]


@pytest.mark.parametrize("body", [row[1] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_text_is_read_in_bounded_time(body: str) -> None:
    issue = read_issue("may.md", f"{MAY}## Events\n\n{body}\n\n## Jobs\n\n{body}\n".encode())
    start = time.process_time()
    find_events(issue, deadlines=True)
    find_jobs(issue)
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"


WORDS = st.sampled_from(
    ["June", "7", "7th", "31", "February", "30", "-", "–", "to", "&", "and", ",", ".", "2026", "2026-06-07", "9999-12-31", "12:00", "25:99", "3pm", "UTC", "IST", "CST", "(", ")", "[", "](x)", "[OwlConf](https://o.e/)", "**", "deadline", "in", "Oslo", "at", "@", "📅", "until", "\n- ", "\n\n", "\n### ", "\n    - ", "|", "~~", "9月31日", "31.02.", "the 5th", "+14:00", "UTC-12", "AoE", "“", "”", "Engineer", "\n> "]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(WORDS, max_size=40),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
    st.dates(min_value=date(1, 1, 2), max_value=date(9999, 12, 30)),
)
def test_whatever_is_written_nothing_raises_and_no_event_ends_before_it_starts(words: list[str], text: str, issued: date) -> None:
    head = f"---\ntitle: t\ndate: {issued.isoformat()}\n---\n\n"
    body = " ".join(words) + text
    issue = read_issue("x.md", f"{head}## Events\n\n{body}\n\n## Jobs\n\n{body}\n".encode())
    for event in find_events(issue, deadlines=True):
        shown = event.as_json()
        assert date.fromisoformat(shown["start"][:10])
        if event.end:
            assert type(event.end) is type(event.start)
            assert event.end >= event.start
    for job in find_jobs(issue):
        assert job.title


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates() | st.datetimes()
    | st.sampled_from(["2026-06-07", "June 7-10", "25:00", "Europe/Berlin", "UTC", "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["title", "date", "end", "time", "timezone", "url", "online", "kind", "x"]), inner, max_size=6),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_whatever_the_front_matter_lists_nothing_raises(value: object) -> None:
    issue = replace(read_issue("x.md", b"---\ntitle: t\ndate: 2026-05-10\n---\n"), metadata={"events": [value], "jobs": [value]})
    for event in find_events(issue, deadlines=True):
        assert event.end is None or event.end >= event.start
        event.as_json()
    for job in find_jobs(issue):
        job.as_json()
