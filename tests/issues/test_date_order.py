"""Dates of numbers that can be two days: one is chosen for the whole issue, by what is known of it, and the author is told."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.cli import main
from heartbeat_bot.extract.events import find_events
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.model import DateOrder
from heartbeat_bot.issues.reading import read_head, read_issue

HEAD = "---\ntitle: T\ndate: 2026-01-02\n---\n"
EITHER: list[DateOrder] = ["day-first", "month-first"]


def issue(text: str, path: str = "a.md", dates: DateOrder | None = None) -> Issue:
    return read_issue(path, text.encode(), dates)


def listed(*dates: str) -> str:
    return f"{HEAD}## Events\n\n" + "".join(f"- [Walk {n}](https://x.example/{n}), {day}\n" for n, day in enumerate(dates))


def starts(read: Issue) -> list[str]:
    return [str(event.start) for event in find_events(read)]


def told(read: Issue) -> list[tuple[int | None, str]]:
    return [(one.line, one.message) for one in read.findings if one.rule == "ambiguous-date"]


def test_one_unambiguous_date_says_how_the_others_are_read_and_the_author_is_told() -> None:
    read = issue(listed("13/01/2026", "12/01/2026"))
    assert starts(read) == ["2026-01-13", "2026-01-12"]
    why = "12/01/2026 can be 2026-01-12 or 2026-12-01; it is read with the day first, as in the other dates of the issue. Write 2026-01-12."
    assert told(read) == [(8, why)]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["01/13/2026", "12/01/2026"], "month-first"),
        (["13-01-2026", "12/01/2026"], "day-first"),
        (["13.01.2026", "12/01/2026"], "day-first"),
        (["05/01/2026", "03/02/2026"], "day-first"),
        (["01/05/2026", "02/03/2026"], "month-first"),
        (["01/02/2026", "02/03/2026"], None),
        (["13/01/2026", "01/14/2026", "12/01/2026"], None),
        (["12/01/2026"], None),
        (["05/05/2026", "12/01/2026"], None),
    ],
)
def test_the_dates_of_an_issue_say_its_order_when_they_agree(dates: list[str], order: DateOrder | None) -> None:
    read = issue(listed(*dates))
    assert read.date_order == order
    assert starts(read)[-1] == str(_read(dates[-1], order))


def _read(written: str, order: DateOrder | None) -> date:
    one, two, year = map(int, written.split("/"))
    return date(year, two, one) if order == "day-first" else date(year, one, two)


def test_without_a_word_about_it_the_month_is_first() -> None:
    read = issue("---\ntitle: T\ndate: 03/04/2026\n---\nx\n")
    assert (read.date, read.date_order) == (date(2026, 3, 4), None)
    assert told(read) == [
        (
            3,
            "03/04/2026 can be 2026-04-03 or 2026-03-04; it is read with the month first, as nothing says otherwise. Write 2026-03-04.",
        )
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2026-04-03-a.md", date(2026, 4, 3)),
        ("2026/03/02/a.md", date(2026, 3, 4)),
        ("2026-03-31-a.md", date(2026, 4, 3)),
        ("2026-09-09-a.md", date(2026, 3, 4)),
    ],
)
def test_the_day_in_the_files_name_says_which_day_the_front_matter_means(path: str, expected: date) -> None:
    text = "---\ntitle: T\ndate: 03/04/2026\n---\nx\n"
    assert issue(text, path).date == read_head(path, text.encode()).date == expected


def test_the_files_name_comes_before_the_other_dates_of_the_issue() -> None:
    text = "---\ntitle: T\ndate: 03/04/2026\n---\n## Events\n\n- [A](https://x.example), 01/13/2026\n- [B](https://y.example), 05/06/2026\n"
    read = issue(text, "2026-04-03-a.md")
    assert (read.date, starts(read)) == (date(2026, 4, 3), ["2026-01-13", "2026-06-05"])


@pytest.mark.parametrize("order", EITHER)
def test_the_configuration_comes_before_everything_and_leaves_nothing_to_tell(order: DateOrder) -> None:
    text = "---\ntitle: T\ndate: 03/04/2026\n---\n" + listed("13/01/2026", "01/13/2026", "12/01/2026").removeprefix(HEAD)
    read = issue(text, "2026-04-03-a.md", order)
    assert read.date == read_head("2026-04-03-a.md", text.encode(), order).date == _read("03/04/2026", order)
    assert starts(read) == ["2026-01-13", "2026-01-13", str(_read("12/01/2026", order))]
    assert told(read) == []


def test_the_text_says_how_the_front_matter_is_meant_to_whoever_reads_only_that() -> None:
    text = "---\ntitle: T\ndate: 03/04/2026\n---\nThe next call is on 13/04/2026.\n"
    assert issue(text).date == read_head("a.md", text.encode()).date == date(2026, 4, 3)


@pytest.mark.parametrize(
    "front_matter",
    [
        "+++\ntitle = 'T'\ndate = '03/04/2026'\nupdated = '13/04/2026'\n+++\n",
        '{\n"title": "T",\n"date": "03/04/2026",\n"updated": "13/04/2026"\n}\n',
        "title: T\ndate: 03/04/2026\nmodified: 13/04/2026\n\n",
        '@def title = "T"\n@def date = "03/04/2026"\n@def updated = "13/04/2026"\n',
        "---\ntitle: T\ndate: 03/04/2026 10:00\nextra: {updated: 13-04-2026}\n---\n",
    ],
)
def test_every_style_of_front_matter_is_asked(front_matter: str) -> None:
    read = issue(front_matter + "x\n")
    assert read.day == date(2026, 4, 3)
    assert [line for line, _ in told(read)] == [2 if front_matter.startswith(("title", "@def")) else 3]


def test_events_of_the_front_matter_are_read_and_told_of_too() -> None:
    events = "events:\n  - {title: A, date: 13/01/2026}\n  - {title: B, date: 12/02/2026, end: 13/02/2026}\n  - Walk, 10/03/2026\n"
    read = issue(f"---\ntitle: T\ndate: 2026-01-02\n{events}---\nx\n")
    assert starts(read) == ["2026-01-13", "2026-02-12", "2026-03-10"]
    assert [line for line, _ in told(read)] == [4, 4]


def test_rows_headings_and_nested_items_are_lists_as_well() -> None:
    rows = "| What | When |\n|---|---|\n| A | 05/01/2026 |\n| B | 03/02/2026 |\n"
    assert issue(f"{HEAD}## Events\n\n{rows}").date_order == "day-first"
    assert issue(f"{HEAD}## Events\n\n### 05/01/2026\n\nx\n\n### 03/02/2026\n\ny\n").date_order == "day-first"
    nested = "- Oslo\n  - A, 05/01/2026, doors closed on 01/01/2026\n  - B, 03/02/2026\n- Bergen, 01/01/2026\n"
    assert issue(f"{HEAD}## Events\n\n{nested}").date_order == "day-first"


@pytest.mark.parametrize(
    "text",
    ["2026/03/04", "2026-03-04", "25/12/2026", "05/05/2026", "03.04.2026", "`03/04/2026`", "~~03/04/2026~~", "<https://x.example/03/04/2026/>", "40/40/2026", "walk-03-04-2026.jpg", "03-04-2026.md", "03-04-2026-walk"],
)  # fmt: skip
def test_what_is_one_day_or_none_is_not_told_of(text: str) -> None:
    assert told(issue(f"{HEAD}A walk on {text} in Oslo.\n")) == []


@given(
    days=st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), min_size=1, max_size=8),
    order=st.sampled_from(EITHER),
    mark=st.sampled_from("/-"),
)
def test_with_one_telling_date_every_date_is_the_one_that_was_meant(days: list[date], order: DateOrder, mark: str) -> None:
    day, month = ("%d", "%m")
    form = mark.join([day, month, "%Y"] if order == "day-first" else [month, day, "%Y"])
    read = issue(listed(date(2026, 1, 31).strftime(form), *(one.strftime(form) for one in days)))
    assert starts(read) == [str(date(2026, 1, 31)), *map(str, days)]
    assert len(told(read)) == sum(one.day <= 12 and one.day != one.month for one in days)


@given(first=st.dates(date(2026, 1, 1), date(2026, 6, 1)), steps=st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_a_list_in_order_is_read_in_order(first: date, steps: list[int]) -> None:
    days = [first]
    for step in steps:
        days.append(days[-1] + timedelta(days=step))
    read = issue(listed(*(f"{day:%d/%m/%Y}" for day in days)))
    assert read.date_order != "month-first"
    if read.date_order:
        assert starts(read) == list(map(str, days))


def test_check_tells_of_it_and_a_newsletters_setting_ends_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("2026-09-09-a.md").write_text("---\ntitle: T\ndate: 03/04/2026\n---\nSome text.\n")
    config = "newsletters:\n  n:\n    source: {directory: .}\n    announce: {channel: 100000000000000001}\n    {dates}\n"

    def check() -> str:
        return CliRunner().invoke(main, ["check", "2026-09-09-a.md"]).output

    assert "2026-09-09-a.md:3: warning" in check()
    assert "ambiguous-date" in check()
    Path("config.yaml").write_text(config.replace("{dates}", "dates: day-first"))
    assert "ambiguous-date" not in check()
    assert "2026-04-03" in check()  # date-differs names the day
    Path("config.yaml").write_text(config.replace("{dates}", "dates: german"))
    assert "dates" in check()
