import icalendar
from town import APRIL, JULY, Town

NEXT, CALENDAR = "Next ▶", "Add to calendar…"

HOSTILE = [
    "x" * 6000,
    "|" * 300,
    "\\" * 300,
    "||\\\\|p\\p",
    "**bold** [a](https://example.org) `code` > # -",
    "@everyone <@&1> <@1>",
    "% _ ' \" ; --",
    'NEAR("a" OR *) AND title:x ^ -',
    "nul\0here",
    "\u202eevil",
    "🎉" * 100,
]


async def test_events_to_come_are_listed_by_day_with_place_page_and_issue(mill: Town) -> None:
    answer = await mill.call("events")
    assert mill.is_private(answer)
    assert mill.shown(answer).split("\n") == [
        "Upcoming events",
        "- **[Pond party](https://example.org/pond)** — Mon 3 – Wed 5 Aug 2026 · Lisbon · from [July's Heat](https://example.org/issues/july)",
        "- **[Sail makers' talk](https://example.org/talk)** — Wed 12 Aug 2026 · online · from [April's Wind](https://example.org/issues/april)",
        "- **[Harvest](https://example.org/harvest)** — Wed 9 Sep 2026 · Évora · from [July's Heat](https://example.org/issues/july)",
        "3 events",
    ]


async def test_events_are_asked_for_by_time_place_and_words(mill: Town) -> None:
    async def titles(**options: str) -> list[str]:
        said = mill.shown(await mill.call("events", **options))
        return [title for title in ("Kite day", "Pond party", "Sail makers' talk", "Harvest") if title in said]

    assert await titles(when="past") == ["Kite day"]
    assert await titles(when="all") == ["Kite day", "Pond party", "Sail makers' talk", "Harvest"]
    assert await titles(when="month") == ["Pond party", "Sail makers' talk"]
    assert await titles(when="week") == []
    assert await titles(where="online") == ["Sail makers' talk"]
    assert await titles(where="in_person") == ["Pond party", "Harvest"]
    assert await titles(query="evora") == ["Harvest"]
    assert await titles(query="LISBON party") == ["Pond party"]
    assert await titles(query="art") == []
    mill.clock.advance(60 * 24 * 3600)
    assert await titles() == []
    assert await titles(when="past") == ["Kite day", "Pond party", "Sail makers' talk", "Harvest"]
    said = mill.shown(await mill.call("events"))
    assert said == "The newsletter tells of no upcoming events. `/events when:past` shows those that were."
    assert "Try `/events when:all`" in mill.shown(await mill.call("events", query="nothing"))


async def test_an_event_with_a_time_is_shown_in_the_readers_own(town: Town) -> None:
    town.write(
        "july",
        JULY.replace(
            "- [Harvest]",
            "- [Talk](https://example.org/t) - August 4, 2026, 18:00-19:30 UTC - Online\n"
            "- [Late](https://example.org/l) - August 1, 2026, 10:00 UTC - Online\n- [Harvest]",
        ),
    )
    async with town.running() as mill:
        said = mill.shown(await mill.call("events"))
        assert "— <t:1785866400:f> – <t:1785871800:t> · online" in said
        assert "Late" in said  # it began two hours ago, and nobody said when it ends
        mill.clock.advance(3600 * 2)
        assert "Late" not in mill.shown(await mill.call("events"))


async def test_events_of_two_months_and_of_two_years_are_spans(town: Town) -> None:
    town.write(
        "july",
        JULY.replace(
            "- [Harvest]",
            "- [Summer](https://example.org/s) - August 30 - September 2, 2026 - Faro\n"
            "- [Winter](https://example.org/w) - December 30, 2026 - January 2, 2027 - Faro\n- [Harvest]",
        ),
    )
    async with town.running() as mill:
        said = mill.shown(await mill.call("events"))
        assert "— Sun 30 Aug – Wed 2 Sep 2026 · Faro" in said
        assert "— Wed 30 Dec 2026 – Sat 2 Jan 2027 · Faro" in said


async def test_an_event_or_all_shown_are_put_into_a_calendar(mill: Town) -> None:
    answer = await mill.call("events")
    all_shown, one, *_ = mill.options(answer, CALENDAR)
    assert (all_shown["label"], one["label"], one["description"]) == ("All 3 shown", "Pond party", "Mon 3 – Wed 5 Aug 2026")
    sent = await mill.press(answer, CALENDAR, values=[all_shown["value"]])
    assert mill.is_private(sent)
    assert mill.shown(sent) == "Open the file to put 3 events into your calendar."
    events = icalendar.Calendar.from_ical(mill.files(sent)["events.ics"]).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == ["Pond party", "Sail makers' talk", "Harvest"]
    sent = await mill.press(answer, CALENDAR, values=[one["value"]])
    (event,) = icalendar.Calendar.from_ical(mill.files(sent)["events.ics"]).walk("VEVENT")
    assert str(event["summary"]) == "Pond party"
    assert "Pond party" in mill.shown(answer)  # the list stays as it is
    mill.remove("july")
    await mill.sync()
    gone = await mill.press(answer, CALENDAR, values=[one["value"]])
    assert "not in the newsletter any more" in mill.shown(gone)


async def test_two_hundred_events_are_paged_through_also_after_a_restart(town: Town) -> None:
    lines = "\n".join(f"- [Meeting {n}](https://example.org/{n}) - September {1 + n % 28}, 2026 - Town {n}" for n in range(200))
    town.write("july", JULY.replace("## Tutorials", f"{lines}\n\n## Tutorials"))
    async with town.running() as mill:
        answer = await mill.call("events", query="meeting", where="in_person", share=True)
        assert mill.labels(answer)[1] == "1 of 20"
        seen = set[str]()
        for _ in range(10):
            seen |= {line.split("]")[0] for line in mill.shown(answer).split("\n") if line.startswith("- ")}
            await mill.press(answer, NEXT)
        assert len(seen) == 100
    async with town.running() as mill:
        for _ in range(9):
            seen |= {line.split("]")[0] for line in mill.shown(answer).split("\n") if line.startswith("- ")}
            await mill.press(answer, NEXT)
        seen |= {line.split("]")[0] for line in mill.shown(answer).split("\n") if line.startswith("- ")}
        assert len(seen) == 200
        theirs = await mill.press(answer, "◀ Previous", by=mill.mo)
        assert mill.labels(theirs)[1] == "19 of 20"
        assert mill.labels(answer)[1] == "20 of 20"
        mill.write("july", JULY)
        await mill.sync()
        await mill.press(answer, "◀ Previous")
        assert mill.shown(answer).startswith("No events were found for that.")


async def test_titles_of_every_kind_stay_one_line_of_their_list(town: Town) -> None:
    titles = [
        "**Bold** and `code` \\| [x]",
        "https://example.org/only",
        "🎉 Party with *stars* 🎉",
        "🎉" * 300,
        "y" * 300,
        "مهرجان الريح الكبير",
        "@everyone comes",
        "日本語の催し物" * 40,
        "~~gone~~ ||spoiler||",
        "1. first",
        "# loud",
    ]
    lines = "\n".join(
        f"- [{title}](https://example.org/{n}) - September {n + 1}, 2026 - {'Very long town ' * 20}"
        for n, title in enumerate(titles)
    )
    url = f"https://example.org/{'u' * 1900}"
    town.write(
        "july",
        f"---\ntitle: {'T' * 300}\ndate: 2026-07-06\n---\n\nHi.\n\n## Events\n\n{lines}\n- [Far]({url}) - October 3, 2026 - Faro\n",
    )
    async with town.running() as mill:
        answer = await mill.call("events")
        while True:
            said = mill.shown(answer)
            listed = said.split("\n")[1:-1]
            assert all(line.startswith("- **") and " — " in line for line in listed)
            sent = await mill.press(answer, CALENDAR, values=["all"])
            assert mill.files(sent)
            here, _, pages = next((label for label in mill.labels(answer) if " of " in label), "1 of 1").partition(" of ")
            if here == pages:
                break
            await mill.press(answer, NEXT)
        assert "**Far**" in said


async def test_open_positions_are_those_of_the_latest_issue_that_has_some(mill: Town) -> None:
    mill.clock.advance(-60 * 24 * 3600)
    answer = await mill.call("hiring")
    assert mill.is_private(answer)
    assert mill.shown(answer).split("\n") == [
        "Open positions",
        "The newest issue lists none; these are from [April's Wind](https://example.org/issues/april), <t:1775476800:R>.",
        "",
        "- **[Miller](https://example.org/jobs/miller)** — Windhouse · Porto",
        "1 position",
    ]
    assert "Miller" in mill.shown(await mill.call("hiring", query="PORTO"))
    said = mill.shown(await mill.call("hiring", query="baker"))
    assert said == "None of the open positions fits “baker”. `/hiring` without words shows all of them."
    mill.clock.advance(60 * 24 * 3600)
    assert "too old to be relied on" in mill.shown(await mill.call("hiring"))
    mill.remove("april")
    await mill.sync()
    assert mill.shown(await mill.call("hiring")).startswith("No issue has listed open positions yet.")


async def test_a_link_to_a_list_of_positions_is_no_position(town: Town) -> None:
    town.write("july", JULY + "\n## Jobs\n\nSee [Open Positions](https://example.org/all).\n")
    async with town.running() as mill:
        said = mill.shown(await mill.call("hiring"))
        assert said.endswith("- **[Jobs](https://example.org/all)** — a list of positions")
        assert said.count("\n") == 3


async def test_an_event_that_is_online_and_somewhere_is_found_as_both(town: Town) -> None:
    line = "- 2026-08-20 | Hybrid (Porto, PT) | [Makers](https://example.org/m)\n    - [**Both**](https://example.org/b)\n"
    town.write("july", JULY.replace("- [Pond", line + "- [Pond"))
    async with town.running() as mill:
        for where in ("online", "in_person"):
            said = mill.shown(await mill.call("events", where=where))
            assert "**[Both](https://example.org/b)** — Thu 20 Aug 2026 · online · Porto, PT · from" in said


async def test_a_newsletter_without_events_says_so(town: Town) -> None:
    town.remove("april")
    town.write("july", "---\ntitle: July\ndate: 2026-07-06\n---\n\nHi.\n")
    async with town.running() as mill:
        for options in ({}, {"when": "all"}, {"query": "pond"}):
            assert mill.shown(await mill.call("events", **options)).startswith("No issue has told of events yet.")


async def test_sixty_positions_are_paged_through(town: Town) -> None:
    jobs = "\n".join(f"- [Miller {n}](https://example.org/jobs/{n}) at Mill | {n} \\*, Town {n}" for n in range(60))
    town.write("august", f"---\ntitle: Jobs\n---\n\nHi.\n\n## Jobs\n\n{jobs}\n")
    town.write("july", f"---\ntitle: Jobs *too*\ndate: 2026-07-31\n---\n\nHi.\n\n## Jobs\n\n{jobs}\n")
    town.remove("april")
    async with town.running() as mill:
        answer = await mill.call("hiring", query="mill town")
        assert mill.labels(answer) == ["◀ Previous", "1 of 6", NEXT]
        assert "60 positions" in mill.shown(answer)
    async with town.running() as mill:
        for _ in range(5):
            await mill.press(answer, NEXT)
        assert "Miller 59" in mill.shown(answer)
        mill.remove("july")
        await mill.sync()
        await mill.press(answer, "◀ Previous")
        assert "From [Jobs](https://example.org/issues/august)." in mill.shown(answer)


async def test_whatever_is_looked_for_is_answered(town: Town) -> None:
    lines = "\n".join(f"- [Meeting | {n} \\\\](https://example.org/{n}) - September {1 + n % 28}, 2026 - p" for n in range(30))
    town.write("july", JULY.replace("## Tutorials", f"{lines}\n\n## Tutorials"))
    town.write("april", APRIL.replace("2026-04-06", "2026-07-01"))
    async with town.running() as mill:
        for typed in HOSTILE:
            for command in ("events", "hiring"):
                answer = await mill.call(command, query=typed)
                assert mill.shown(answer), typed
                for label in mill.labels(answer):
                    if label == NEXT:
                        await mill.press(answer, NEXT)
                        assert "2 of" in "".join(mill.labels(answer))
