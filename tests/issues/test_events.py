"""Events in every shape in which newsletters write them; the community is made up."""

import pytest

from heartbeat_bot.extract.events import find_events
from heartbeat_bot.extract.items import Event
from heartbeat_bot.issues.reading import read_issue

MAY = "---\ntitle: May\ndate: 2026-05-10\n---\n\n"


def events(body: str, *, head: str = MAY, patterns: tuple[str, ...] = (), deadlines: bool = False) -> tuple[Event, ...]:
    return find_events(read_issue("may.md", (head + body).encode()), patterns, deadlines=deadlines)


def brief(found: tuple[Event, ...]) -> list[str]:
    """Each event in a line: day, title, place, ~ when online, and the link."""
    return [
        " | ".join(
            [
                f"{e.start}..{e.end}" if e.end else f"{e.start}",
                e.title,
                f"{e.location or '-'}{' ~' if e.online else ''}",
                e.url or "-",
            ]
        )
        for e in found
    ]


SHAPES = [
    (
        "a link and a range",
        "- [OwlConf](https://owl.example/) from June 7-10 in Oslo!",
        ["2026-06-07..2026-06-10 | OwlConf | Oslo | https://owl.example/"],
    ),
    (
        "a place behind a time",
        "- [OwlConf](https://owl.example/): June 7 at 19:00-21:00 CET (18:00 UTC), Oslo",
        ["2026-06-07 19:00:00+01:00..2026-06-07 21:00:00+01:00 | OwlConf | Oslo | https://owl.example/"],
    ),
    (
        "a speaker before the conference",
        "- [**Ada Moss**](https://www.linkedin.com/in/ada/) will be speaking at [OwlConf](https://owl.example/) - Berlin, October 5-6",
        ["2026-10-05..2026-10-06 | OwlConf | Berlin | https://owl.example/"],
    ),
    (
        "a group above, the talk below",
        (
            "* 2026-08-20 | Hybrid (Seattle, WA, US) | [Owl Seattle](https://meet.example/owl)\n"
            "    * [**Hooting at Scale**](https://meet.example/owl/events/77)"
        ),
        ["2026-08-20 | Hooting at Scale | Seattle, WA, US ~ | https://meet.example/owl/events/77"],
    ),
    (
        "a group above, two talks below",
        (
            "* 2026-08-20 | Lima, PE | [Owl Lima](https://meet.example/owl)\n"
            "    * [**Nest I**](https://meet.example/owl/events/1)\n    * [**Nest II**](https://meet.example/owl/events/2)"
        ),
        [
            "2026-08-20 | Nest I | Lima, PE | https://meet.example/owl/events/1",
            "2026-08-20 | Nest II | Lima, PE | https://meet.example/owl/events/2",
        ],
    ),
    (
        "a range of days in bars",
        "* 2026-09-08 - 2026-09-11 | Virtual | [OwlDays](https://owl.example/days)",
        ["2026-09-08..2026-09-11 | OwlDays | - ~ | https://owl.example/days"],
    ),
    ("name, place and day in bars", "- OwlCamp | Porto, PT | 2026-07-01", ["2026-07-01 | OwlCamp | Porto, PT | -"]),
    (
        "a quoted list with times",
        "> * 2026-06-11: [Parliament meeting](https://owl.example/643), 15:00 UTC",
        ["2026-06-11 15:00:00+00:00 | Parliament meeting | - | https://owl.example/643"],
    ),
    (
        "date on one line, place on the next",
        "**Owls & Tea**\n\nSAT, JUN 27, 2026, 9:30 AM IST\n\n📍 Hoot House, Pune",
        ["2026-06-27 09:30:00+05:30 | Owls & Tea | Hoot House, Pune | -"],
    ),
    (
        "the date inside the link",
        "- [October 17 - Owl Summit](https://owl.example/s)",
        ["2026-10-17 | Owl Summit | - | https://owl.example/s"],
    ),
    (
        "a date struck out and replaced",
        "- ~~June 16~~ **July 9 (Extended!)** [Owl Hackathon](https://owl.example/h)",
        ["2026-07-09 | Owl Hackathon | - | https://owl.example/h"],
    ),
    (
        "several on one line",
        "- Roadshow: Oslo June 5, Bergen June 9, and Tromsø June 12",
        ["2026-06-05 | Roadshow | Oslo | -", "2026-06-09 | Roadshow | Bergen | -", "2026-06-12 | Roadshow | Tromsø | -"],
    ),
    (
        "two days joined by &",
        "- [Owl Labs](https://owl.example/l) on 17 & 20 Nov",
        ["2026-11-17 | Owl Labs | - | https://owl.example/l", "2026-11-20 | Owl Labs | - | https://owl.example/l"],
    ),
    (
        "a table",
        "| When | Event | Where |\n|---|---|---|\n| June 5 | [OwlConf](https://owl.example/) | Berlin |\n| 9–10 July | Nest Meetup | Online |",
        ["2026-06-05 | OwlConf | Berlin | https://owl.example/", "2026-07-09..2026-07-10 | Nest Meetup | - ~ | -"],
    ),
    (
        "a table without telling headings",
        "| | | |\n|---|---|---|\n| June 5 | [OwlConf](https://owl.example/) | Berlin |",
        ["2026-06-05 | OwlConf | Berlin | https://owl.example/"],
    ),
    (
        "a day as a heading, its events below",
        "### Friday, June 5\n\n- [Owl Breakfast](https://owl.example/b), 09:00 CEST\n- [Owl Dinner](https://owl.example/d)",
        [
            "2026-06-05 09:00:00+02:00 | Owl Breakfast | - | https://owl.example/b",
            "2026-06-05 | Owl Dinner | - | https://owl.example/d",
        ],
    ),
    ("a relative link", "- June 5: [Owl Night](/events/owl-night-5)", ["2026-06-05 | Owl Night | - | /events/owl-night-5"]),
    (
        "a group and a generic word",
        "- [Owl Montreal](https://meet.example/m) will host a [Meetup](https://meet.example/m/events/5) on June 16th",
        ["2026-06-16 | Owl Montreal Meetup | - | https://meet.example/m/events/5"],
    ),
    (
        "the name as a heading above prose",
        "### Owl Night Atlanta\n\nJoin us on August 4th at Hoot Hall. RSVP [here](https://meet.example/a/events/9).",
        ["2026-08-04 | Owl Night Atlanta | Hoot Hall | https://meet.example/a/events/9"],
    ),
    (
        "in person and online",
        "- **Owl Summit** on October 17, both in person (in Oslo) and online",
        ["2026-10-17 | Owl Summit | Oslo ~ | -"],
    ),
    (
        "the deadline of its call beside an event",
        "- [OwlConf](https://owl.example/), October 5 in Paris, CFP closes August 1",
        ["2026-10-05 | OwlConf | Paris | https://owl.example/"],
    ),
    (
        "hosted by somebody",
        "- June 5: [Owl Night](https://owl.example/n), hosted by Moss Ltd.",
        ["2026-06-05 | Owl Night | - | https://owl.example/n"],
    ),
    (
        "a named place",
        "- [Owl Night](https://owl.example/n)  \n  When: June 5, 18:00 CEST  \n  Where: Hoot Hall, Oslo",
        ["2026-06-05 18:00:00+02:00 | Owl Night | Hoot Hall, Oslo | https://owl.example/n"],
    ),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_an_event_is_read_in_the_shape_that_people_write(body: str, expected: list[str]) -> None:
    assert brief(events(f"## Upcoming Events\n\n{body}\n")) == expected


NO_EVENTS = [
    ("the days of the list itself", "Owl Events between 2026-08-19 - 2026-09-16 🦉"),
    ("the days of the list, in other words", "All meetups from June 1 to June 30:"),
    ("a talk already given", "- Ada spoke at [OwlConf](https://owl.example/) on May 2"),
    ("something that is over", "- The [Owl Summit](https://owl.example/) took place in Oslo on May 2nd."),
    ("a release", "- 2026-06-21: ETA for Owl 6.0.0"),
    ("an end of life", "- 2026-06-21: End-of-life for Owl 5"),
    ("a cancelled one", "- 2026-06-21: Owl Night (cancelled)"),
    ("no day at all", "- [OwlConf](https://owl.example/) is back this year! Date TBA."),
    ("a month alone", "- [OwlConf](https://owl.example/) in June 2026"),
    ("an impossible day", "- [OwlConf](https://owl.example/) on February 30"),
    ("what a subsection looks back on", "### Previous talks\n\n- [Hooting](https://t.example/) on June 3"),
    ("an example in a comment", "<!-- * 2026-06-05 | Oslo | [Owl](https://owl.example/) -->"),
    ("code", "```\n2026-06-05 | Oslo | Owl\n```"),
]


@pytest.mark.parametrize("body", [row[1] for row in NO_EVENTS], ids=[row[0] for row in NO_EVENTS])
def test_what_only_looks_like_an_event_is_none(body: str) -> None:
    assert events(f"## Upcoming Events\n\n{body}\n") == ()


HEADINGS = [
    "Next Meetup", "Conferences & Workshops", "Join our Release Party Meetup", "📅 Key dates", "Veranstaltungen", "Termine",
    "Kommende Treffen", "Événements à venir", "Agenda", "Próximos eventos", "Encontros", "Prossimi eventi", "Evenementen",
    "今後のイベント", "勉強会", "活动预告", "다가오는 행사", "Ближайшие мероприятия",
]  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_says_that_events_follow_in_many_languages(heading: str) -> None:
    assert brief(events(f"## {heading}\n\n- 2026-06-05: [OwlConf](https://owl.example/)\n")) == [
        "2026-06-05 | OwlConf | - | https://owl.example/"
    ]


OTHER_HEADINGS = [
    "Organizing Events for First-time Contributors", "How we run our events", "Event loop changes", "Conference recap", "CFP - Events",
    "Q: Where do events go?", "Reports from past conferences", "Release Schedule", "News", "Event-driven owls",
]  # fmt: skip


@pytest.mark.parametrize("heading", OTHER_HEADINGS)
def test_dates_below_other_headings_are_no_events(heading: str) -> None:
    assert (
        events(
            f"## {heading}\n\n- 2026-06-05: [OwlConf](https://owl.example/)\n\n## News\n\n- 2026-07-05: [Owl](https://o.example/)\n"
        )
        == ()
    )


def test_a_pattern_of_the_configuration_opens_other_headings() -> None:
    body = "## Wo wir sind\n\n- 2026-06-05: [OwlConf](https://owl.example/)\n"
    assert events(body) == ()
    assert len(events(body, patterns=("wo wir",))) == 1
    assert len(events(body, patterns=("(wo wir",))) == 0


def test_an_item_marked_by_a_calendar_is_an_event_wherever_it_stands() -> None:
    body = "## News\n\nOwls are [great](https://g.example/) since May 2.\n\n- 🗓️ June 5: [OwlConf](https://owl.example/) in Oslo\n- 📅 [Nest](https://n.example/), July 9\n"
    assert brief(events(body)) == [
        "2026-06-05 | OwlConf | Oslo | https://owl.example/",
        "2026-07-09 | Nest | - | https://n.example/",
    ]


def test_a_marked_line_is_called_by_the_label_above_it_and_told_more_by_the_line_below() -> None:
    body = (
        "## News\n\n**Owl Basics**:\n\n📅 When: Thursday 11th June, from 17:00 to 18:00 UK time\n\n"
        "📍 Where: Hoot Hall, Leeds. Register [here](https://o.example/)\n"
    )
    assert brief(events(body)) == [
        "2026-06-11 17:00:00+01:00..2026-06-11 18:00:00+01:00 | Owl Basics | Hoot Hall, Leeds | https://o.example/"
    ]


def test_deadlines_are_kept_apart() -> None:
    body = "## Key dates\n\n- 2026-06-19: [Owl Post #59 content deadline](https://owl.example/post), 18:00 UTC\n- [OwlConf](https://owl.example/), October 5 in Paris, CFP closes August 1\n- Apply by July 3 for [Nest Camp](https://n.example/)\n"
    assert brief(events(body)) == ["2026-10-05 | OwlConf | Paris | https://owl.example/"]
    assert [(e.kind.value, str(e.start)[:10]) for e in events(body, deadlines=True)] == [
        ("deadline", "2026-06-19"),
        ("event", "2026-10-05"),
        ("deadline", "2026-08-01"),
        ("deadline", "2026-07-03"),
    ]


def test_an_ambiguous_zone_is_read_by_the_place_in_a_nested_item() -> None:
    (event,) = events("## Events\n\n- June 9, 18:00 IST\n    - [Owls of Éire](https://meet.example/ie/events/4), Dublin\n")
    assert event.as_json() == {
        "title": "Owls of Éire",
        "start": "2026-06-09T18:00:00+01:00",
        "end": None,
        "timezone": "Europe/Dublin",
        "location": None,
        "online": False,
        "url": "https://meet.example/ie/events/4",
        "section": "Events",
        "kind": "event",
    }


def test_an_event_told_twice_in_an_issue_is_found_once() -> None:
    line = "* 2026-08-20 | Hybrid (Oslo) | [Owl](https://meet.example/owl/events/5)\n"
    assert len(events(f"## Upcoming Events\n\n### Virtual\n\n{line}\n### Europe\n\n{line}")) == 1


def test_a_deadline_in_the_front_matter_is_kept_apart() -> None:
    head = "---\ntitle: May\nevents:\n  - {title: Call, date: 2026-07-01, kind: deadline}\n---\n"
    assert (events("", head=head), [e.title for e in events("", head=head, deadlines=True)]) == ((), ["Call"])


def test_an_empty_list_in_the_front_matter_says_that_there_are_none() -> None:
    assert events("## Events\n\n- 2026-06-05: [OwlConf](https://owl.example/)\n", head="---\ntitle: May\nevents: []\n---\n") == ()
