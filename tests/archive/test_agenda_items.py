"""Events of all issues, each once, with the issue that told of it last; the latest jobs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from making import entry, event, job

from heartbeat_bot.archive import agenda_items as telling
from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.entry import Listed
from heartbeat_bot.extract.items import Event

PAGE = "https://www.meetup.com/owls/events/77/"
NIGHT = event("Owl Night", date(2026, 6, 5), location="Berlin", url=PAGE)
APRIL = entry("april.md", title="April", date=date(2026, 4, 1), events=(NIGHT, event("Hoot", date(2026, 4, 9))))
MAY = entry(
    "may.md", title="May", date=date(2026, 5, 1), events=(replace(NIGHT, title="Owl Night (moved)", start=date(2026, 6, 12)),)
)


async def test_an_event_has_its_latest_details_and_names_the_issue_that_told_them(archive: Archive) -> None:
    await archive.put(MAY, issue=2, visible=True)
    await archive.put(APRIL, issue=1, visible=True)
    hoot, night = await archive.events()
    assert (hoot.event.title, hoot.listed.issue) == ("Hoot", 1)
    assert (night.event.title, night.event.day, night.listed.issue) == ("Owl Night (moved)", date(2026, 6, 12), 2)
    await archive.mark("owl", {"may.md": (2, False)})
    _, night = await archive.events()
    assert (night.event, night.listed.issue) == (NIGHT, 1)


async def test_what_names_an_event_stays_when_its_details_change(archive: Archive) -> None:
    await archive.put(APRIL, issue=1, visible=True)
    before = {told.key for told in await archive.events()}
    await archive.put(MAY, issue=2, visible=True)
    assert {told.key for told in await archive.events()} == before


async def test_newsletters_do_not_share_their_events(archive: Archive) -> None:
    await archive.put(APRIL, issue=1, visible=True)
    await archive.put(replace(MAY, newsletter="lynx"), issue=2, visible=True)
    assert [(told.newsletter, told.event.day.day) for told in await archive.events()] == [("owl", 9), ("owl", 5), ("lynx", 12)]


async def test_events_are_brought_together_once_per_change(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def merged_items(issues: Sequence[tuple[Listed, Sequence[Event]]]) -> tuple[telling.MergedItem, ...]:
        asked.append(issues[0][0].newsletter)
        return telling.merged_items(issues)

    monkeypatch.setattr("heartbeat_bot.archive.archive.merged_items", merged_items)
    await archive.put(APRIL, issue=1, visible=True)
    await archive.put(replace(MAY, newsletter="lynx"), issue=2, visible=True)
    first = await archive.events()
    assert await archive.events() is first
    assert sorted(asked) == ["lynx", "owl"]
    await archive.put(MAY, issue=3, visible=True)
    await archive.events()
    await archive.events()
    assert sorted(asked) == ["lynx", "lynx", "owl", "owl"]


async def test_jobs_are_those_of_the_latest_issue_that_has_some(archive: Archive) -> None:
    assert await archive.jobs() is None
    await archive.put(replace(APRIL, jobs=(job("Owl keeper", company="Zoo"),)), issue=1, visible=True)
    await archive.put(MAY, issue=2, visible=True)
    await archive.put(replace(MAY, newsletter="lynx", jobs=(job("Lynx keeper"), job("Vet"))), issue=3, visible=True)
    await archive.put(replace(MAY, path="draft.md", jobs=(job("Spy"),), date=date(2026, 7, 1)), issue=4, visible=False)
    told = {name: await archive.jobs(name) for name in ("owl", "lynx", "nobody")}
    assert told["nobody"] is None
    assert told["owl"]
    assert (told["owl"][0].issue, told["owl"][1]) == (1, (job("Owl keeper", company="Zoo"),))
    assert told["lynx"]
    assert [one.title for one in told["lynx"][1]] == ["Lynx keeper", "Vet"]
    assert await archive.jobs() == told["lynx"]
