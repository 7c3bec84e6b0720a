"""What people read in real newsletters (tests/truth), and how what the code finds there compares."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from heartbeat_bot.extract.events import Event, find_events
from heartbeat_bot.extract.jobs import Job, find_jobs
from heartbeat_bot.issues.reading import read_issue

TRUTH = Path(__file__).resolve().parents[1] / "truth"
SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(slots=True)
class Tally:
    """How many items were expected, found and matched, and how many of the matches say the right day, place, link and attendance."""

    expected: int = 0
    found: int = 0
    matched: int = 0
    right: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    slips: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.matched / self.expected if self.expected else 1.0

    def share(self, detail: str) -> float:
        return self.right.get(detail, 0) / self.asked[detail] if self.asked.get(detail) else 1.0

    def ask(self, detail: str, *, right: bool, slip: str) -> None:
        self.asked[detail] = self.asked.get(detail, 0) + 1
        self.right[detail] = self.right.get(detail, 0) + right
        if not right:
            self.slips.append(f"wrong {detail}: {slip}")


def truths(held_out: bool) -> list[dict[str, Any]]:  # noqa: FBT001
    """The labelled issues: those that the rules were made with, or those that were labelled after the rules were done."""
    labelled = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(TRUTH.glob("*.yaml"))]
    return [issue for issue in labelled if bool(issue.get("held_out")) == held_out]


def tallies(issues: Iterable[Mapping[str, Any]], corpus: Path) -> dict[str, Tally]:
    """Compare each issue with what is found in it: events in lists, in prose and below other headings, deadlines, jobs, pointers."""
    result = {name: Tally() for name in ("list", "prose", "elsewhere", "deadlines", "jobs", "pointers")}
    for truth in issues:
        path = corpus / truth["file"]
        issue = read_issue(truth["file"], path.read_bytes())
        dated = find_events(issue, deadlines=True)
        rows = truth["events"]
        for kind, style in (("event", truth["style"]), ("deadline", "deadlines")):
            wanted = [row for row in rows if row.get("kind", "event") == kind]

            def name(row: Mapping[str, Any], style: str = style) -> str:
                return style if style == "deadlines" and row.get("where") != "elsewhere" else row.get("where", style)

            _compare(truth["file"], wanted, [event for event in dated if event.kind == kind], name, style, result)
        jobs = find_jobs(issue)
        for kind, style in (("position", "jobs"), ("pointer", "pointers")):
            wanted = [row for row in truth["jobs"] if row.get("kind", "position") == kind]
            _compare(truth["file"], wanted, [job for job in jobs if job.kind == kind], lambda _, style=style: style, style, result)
    return result


def _compare(
    file: str,
    wanted: Sequence[Mapping[str, Any]],
    found: Sequence[Event | Job],
    group: Callable[[Mapping[str, Any]], str],
    style: str,
    tallies: Mapping[str, Tally],
) -> None:
    pairs = sorted(
        ((score, w, f) for w, row in enumerate(wanted) for f, item in enumerate(found) if (score := _score(row, item))),
        reverse=True,
    )
    taken: dict[int, int] = {}
    for _, w, f in pairs:
        if w not in taken and f not in taken.values():
            taken[w] = f
    for w, row in enumerate(wanted):
        tally = tallies[group(row)]
        tally.expected += 1
        label = f"{file}: {row.get('start', '')} {row['title']}"
        if w not in taken:
            tally.slips.append(f"missed: {label}")
            continue
        tally.found += 1
        tally.matched += 1
        _details(tally, row, found[taken[w]], label)
    for f, item in enumerate(found):
        if f not in taken.values():
            tallies[style].found += 1
            tallies[style].slips.append(f"invented: {file}: {getattr(item, 'start', '')} {item.title} <{item.url}>")


def _score(row: Mapping[str, Any], item: Event | Job) -> int:
    """Title or link must agree; a day that agrees tells equal titles apart."""
    named = _holds(row["title"], item.title)
    linked = bool(row.get("url")) and _holds(row["url"], item.url or "")
    if not (named or (linked and isinstance(item, Event))):
        return 0
    dated = isinstance(item, Event) and _moment(row["start"]) == item.start
    return 2 * named + 2 * linked + 3 * dated


def _details(tally: Tally, row: Mapping[str, Any], item: Event | Job, label: str) -> None:
    if isinstance(item, Event):
        expected = (_moment(row["start"]), _moment(row["end"]) if row.get("end") else None)
        tally.ask("dates", right=(item.start, item.end) == expected, slip=f"{label} – {item.start} {item.end}")
        tally.ask("titles", right=_holds(row["title"], item.title), slip=f"{label} – {item.title}")
        tally.ask("online", right=item.online == row.get("online", False), slip=f"{label} – {item.online}")
    elif row.get("company"):
        tally.ask("companies", right=_holds(row["company"], item.company or ""), slip=f"{label} – {item.company}")
    if isinstance(item, Event) or row.get("place"):
        place = item.location or ""
        tally.ask("places", right=_holds(row["place"], place) if row.get("place") else not place, slip=f"{label} – {place!r}")
    if row.get("url"):
        tally.ask("links", right=_holds(row["url"], item.url or ""), slip=f"{label} – {item.url}")


def _holds(fragments: str, text: str) -> bool:
    return any(fragment.casefold() in text.casefold() for fragment in fragments.split("|"))


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
