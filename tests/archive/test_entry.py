"""What the archive keeps of an issue is what was posted of it."""

from datetime import date
from pathlib import Path

import pytest

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.entry import CatalogEntry
from heartbeat_bot.archive.making import entry_of
from heartbeat_bot.rendering.links import Links
from heartbeat_bot.rendering.render import render

SITE = "https://owl.example/"
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
FILES = sorted(CORPUS.glob("*/*.md"))

ISSUE = """\
---
title: "The *Owl* Post: May"
date: 2026-05-22
author: Minerva
description: What happened in **May**.
---

Welcome back, all of you.

## News & [views](/views)

A [café](https://cafe.example/menu) opened.

### The `roof`

It is new.

## Upcoming events

- 5 June 2026: [Owl Night](/events/night), Berlin
- 9 June 2026: [Hoot](https://www.meetup.com/owls/events/9/)
- 11 June 2026: [Plan](TODO)

## Jobs

- [Owl keeper](../jobs/keeper): Zoo, Berlin

## Talks
"""


def kept(text: str, **headings: list[str]) -> CatalogEntry:
    links = Links(site=SITE, page=f"{SITE}news/may/")
    return entry_of("owl", "b1", "r1", render("may.md", text.encode(), site_url=SITE), resolve=links.resolve, **headings)


def test_an_entry_has_a_part_per_post_with_the_title_of_its_section() -> None:
    entry = kept(ISSUE)
    assert [(part.key, part.title) for part in entry.parts] == [
        ("cover", ""),
        ("news--views", "News & views"),
        ("upcoming-events", "Upcoming events"),
        ("jobs", "Jobs"),
        ("talks", "Talks"),
    ]
    assert (entry.title, entry.date, entry.slug, entry.blob, entry.rendering) == (
        "The *Owl* Post: May",
        date(2026, 5, 22),
        "may",
        "b1",
        "r1",
    )


def test_bodies_are_those_of_the_requests_without_jumps() -> None:
    preview = render("may.md", ISSUE.encode(), site_url=SITE)
    assert [part.body for part in kept(ISSUE).parts] == [post.body() for post in preview.composition.posts]
    assert all(part.body["allowed_mentions"] == {"parse": []} for part in kept(ISSUE).parts)


def test_texts_say_what_the_titles_do_not() -> None:
    said = {part.key: part.text for part in kept(ISSUE).parts}
    assert said == {
        "cover": "Minerva\nWhat happened in **May**.\nWelcome back, all of you.",
        "news--views": "A café opened.\nThe roof\nIt is new.",
        "upcoming-events": "5 June 2026: Owl Night, Berlin\n9 June 2026: Hoot\n11 June 2026: Plan",
        "jobs": "Owl keeper: Zoo, Berlin",
        "talks": "",
    }


def test_a_section_that_goes_on_keeps_its_title() -> None:
    entry = kept(f"# x\n\n## Long\n\n{'word ' * 6000}")
    assert {part.title for part in entry.parts[1:]} == {"Long"}
    assert len(entry.parts) > 3
    assert sum(part.text.count("word") for part in entry.parts) == 6000


def test_addresses_of_events_and_jobs_are_absolute() -> None:
    entry = kept(ISSUE)
    assert [(event.title, event.url) for event in entry.events] == [
        ("Owl Night", f"{SITE}events/night"),
        ("Hoot", "https://www.meetup.com/owls/events/9/"),
        ("Plan", None),
    ]
    assert [(job.title, job.url) for job in entry.jobs] == [("Owl keeper", f"{SITE}news/jobs/keeper")]


def test_headings_of_ones_own_are_searched_too() -> None:
    text = "---\ndate: 2026-05-22\n---\n\n## Perches\n\n- 5 June 2026: [Owl Night](/night)\n\n## Nests\n\n- [Owl engineer](/nest)\n"
    assert (kept(text).events, kept(text).jobs) == ((), ())
    entry = kept(text, event_headings=["perches"], job_headings=["nests"])
    assert [event.title for event in entry.events] == ["Owl Night"]
    assert [job.title for job in entry.jobs] == ["Owl engineer"]


async def test_half_a_character_of_a_title_is_kept_as_a_replacement(archive: Archive) -> None:
    entry = kept('{"title": "Owl \\ud83e Post", "slug": "o\\u0000wl"}\n\n## News\n\nText.')
    assert entry.title == "Owl \ufffd Post"
    await archive.put(entry, issue=1, visible=True)
    assert await archive.entry("owl", "may.md") == entry


@pytest.mark.skipif(not FILES, reason="the real newsletters (../shared/corpus) are not here")
async def test_real_newsletters_come_back_as_they_were_put(archive: Archive) -> None:
    entries = [
        entry_of(path.parent.name, "b", "r", render(path.name, path.read_bytes(), site_url=SITE), resolve=Links(site=SITE).resolve)
        for path in FILES[:: max(1, len(FILES) // 12)]
    ]
    for number, entry in enumerate(entries):
        await archive.put(entry, issue=number, visible=True)
    assert [await archive.entry(entry.newsletter, entry.path) for entry in entries] == entries
