"""What members type is completed by titles and dates."""

from datetime import date

import pytest

from heartbeat_bot.archive.catalog import Catalog, KnownEntry, record_of
from heartbeat_bot.archive.entry import Listed


def shelf_of(*issues: tuple[str, date | None]) -> Catalog:
    records = [
        record_of(
            KnownEntry(blob="b", rendering="r", issue=number, visible=True),
            Listed(newsletter="owl", path=f"{number:05}.md", issue=number, slug="", title=title, date=day, url=""),
            has_jobs=False,
        )
        for number, (title, day) in enumerate(issues)
    ]
    return Catalog(records)


SHELF = shelf_of(
    ("May ’22 Heartbeat", date(2022, 5, 22)),
    ("Élan: the März edition", date(2023, 3, 5)),
    ("This Week in Rust 42", date(2023, 11, 29)),
    ("東京勉強会のお知らせ", None),
    ("COVID-19 and us", date(2020, 4, 2)),
)

TYPED = {
    "nothing": ("", [2, 1, 0, 4, 3]),
    "signs": (" - ", [2, 1, 0, 4, 3]),
    "a word": ("heartbeat", [0]),
    "the beginning of a word": ("HEART", [0]),
    "the middle of a word": ("eartbeat", []),
    "no accents": ("elan marz", [1]),
    "accents": ("élan", [1]),
    "a month": ("2022-05", [0]),
    "a day": ("2023-11-29", [2]),
    "a day without its nought": ("2023-3-5", [1]),
    "a month's name": ("may 22", [0]),
    "a month's name in German": ("Mai", [0]),
    "a month's name in French, begun": ("novem", [2]),
    "a day as Germans write it": ("22.5.2022", [0]),
    "a day as Americans write it": ("11/29/2023", [2]),
    "a word and a year": ("rust 2023", [2]),
    "words that are not all there": ("rust 2022", []),
    "Japanese in the middle": ("勉強会", [3]),
    "a word with a hyphen": ("covid-19", [4]),
    "what no title says": ("zebra", []),
}


@pytest.mark.parametrize(("typed", "expected"), TYPED.values(), ids=TYPED)
def test_typing_completes(typed: str, expected: list[int]) -> None:
    assert [listed.issue for listed in SHELF.complete(typed, None, 25)] == expected


def test_no_more_are_offered_than_asked_for_and_only_of_the_newsletter() -> None:
    assert len(SHELF.complete("", None, 2)) == 2
    assert SHELF.complete("", "lynx", 25) == []
