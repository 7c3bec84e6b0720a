"""The archive's table of contents, in memory: what is kept, what members may see of it, and completion as they type."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import cache
from itertools import count, islice

from heartbeat_bot.archive.entry import Listed
from heartbeat_bot.archive.words import UNSPACED, folded_words
from heartbeat_bot.extract.calendar_words import month_names


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What the archive holds of an issue: made of which blob, in which way, its number in the store, whether members see it."""

    blob: str
    rendering: str
    issue: int
    visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An issue in the table of contents. ``words`` is what is typed to find it, folded, with a space before each word."""

    kept: KnownEntry
    listed: Listed
    has_jobs: bool
    words: str


def record_of(kept: KnownEntry, listed: Listed, *, has_jobs: bool) -> Record:
    """Return an issue's record."""
    return Record(kept=kept, listed=listed, has_jobs=has_jobs, words=_typed_for(listed))


_CHANGES = count(1)


class Catalog:
    """The records of all newsletters. ``changes`` is a number that no other state of this catalog, or of any other, has."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        """Take what is kept already."""
        self.changes = next(_CHANGES)
        self._records: dict[str, dict[str, Record]] = {}
        self._ordered: dict[str | None, tuple[Record, ...]] = {}
        for record in records:
            self.put(record)

    def known(self, newsletter: str) -> dict[str, KnownEntry]:
        """Return what is kept of a newsletter, by path: a copy."""
        return {path: record.kept for path, record in self._records.get(newsletter, {}).items()}

    def record(self, newsletter: str, path: str) -> Record | None:
        """Return the record of an issue, None when nothing is kept of it."""
        return self._records.get(newsletter, {}).get(path)

    def put(self, record: Record) -> None:
        """Take in an issue, in place of what was known of it."""
        self._records.setdefault(record.listed.newsletter, {})[record.listed.path] = record
        self._changed()

    def mark(self, newsletter: str, marks: Mapping[str, tuple[int, bool]]) -> None:
        """Give issues another number, and show or hide them: by path."""
        for path, (issue, visible) in marks.items():
            if record := self.record(newsletter, path):
                kept = replace(record.kept, issue=issue, visible=visible)
                self.put(replace(record, kept=kept, listed=replace(record.listed, issue=issue)))

    def remove(self, newsletter: str, paths: Iterable[str]) -> None:
        """Forget issues."""
        for path in paths:
            self._records.get(newsletter, {}).pop(path, None)
        self._changed()

    def newsletters(self) -> list[str]:
        """Return the newsletters of which something is kept, in the order in which they came."""
        return [name for name, records in self._records.items() if records]

    def visible(self, newsletter: str | None = None) -> tuple[Record, ...]:
        """Return the issues that members see, newest first, those without a date last."""
        if newsletter not in self._ordered:
            shelves = self._records.values() if newsletter is None else [self._records.get(newsletter, {})]
            seen = [record for records in shelves for record in records.values() if record.kept.visible]
            self._ordered[newsletter] = tuple(sorted(seen, key=_age, reverse=True))
        return self._ordered[newsletter]

    def find(self, issue: int) -> Listed | None:
        """Return the issue of a number, when members see it."""
        return next((record.listed for record in self.visible() if record.kept.issue == issue), None)

    def complete(self, typed: str, newsletter: str | None, limit: int, among: Collection[str] | None = None) -> list[Listed]:
        """Return the issues that someone may mean who has typed so much, newest first.

        Every word must begin a word of the title or of a way to write the date; accents and case do not matter.
        """
        matching = (record for record in self.visible(newsletter) if among is None or record.listed.newsletter in among)
        for word in sorted(set(folded_words(typed)), key=len, reverse=True):
            matching = _matching(word if UNSPACED.search(word) else f" {word}", matching)
        return [record.listed for record in islice(matching, limit)]

    def _changed(self) -> None:
        self.changes = next(_CHANGES)
        self._ordered.clear()


def _matching(word: str, records: Iterator[Record]) -> Iterator[Record]:
    return (record for record in records if word in record.words)


def _age(record: Record) -> tuple[datetime, str, str]:
    date = record.listed.date
    if not isinstance(date, datetime):
        date = datetime.min.replace(tzinfo=UTC) if date is None else datetime.combine(date, time(), UTC)
    return date, record.listed.path, record.listed.newsletter


def _typed_for(listed: Listed) -> str:
    """Return what is typed to find an issue: its title, its day in figures and in words."""
    words = folded_words(listed.title)
    if day := listed.day:
        figures = [day.isoformat(), f"{day.year}-{day.month}-{day.day}", *(f"{number:02}" for number in (day.month, day.day))]
        words += [*figures, *(str(number) for number in (day.year, day.month, day.day)), *_months(day.month)]
    return "".join(f" {word}" for word in dict.fromkeys(words))


@cache
def _months(number: int) -> tuple[str, ...]:
    return tuple(word for name in month_names(number) for word in folded_words(name))
