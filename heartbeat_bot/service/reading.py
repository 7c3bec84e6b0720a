"""Reading issues: the newest, any, page by page; and which issue a message belongs to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

from heartbeat_bot.archive.entry import Entry, Listed
from heartbeat_bot.delivery.identity import IssueId
from heartbeat_bot.delivery.plan import MessageId
from heartbeat_bot.delivery.receipts import Receipt
from heartbeat_bot.errors import UserError
from heartbeat_bot.languages import Language
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.answers import Answer, Attachment
from heartbeat_bot.messages.components import Component, Option, link_button, press, row, select, turning
from heartbeat_bot.messages.post import COVER, Embed
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.desk import Desk, typed
from heartbeat_bot.service.presses import Pressable

READ: Final = "read"


class Reading:
    """Answers people who read."""

    def __init__(self, desk: Desk) -> None:
        """Answer from what is on the desk."""
        self._desk = desk
        self.presses: Mapping[str, Pressable] = {READ: Pressable(handle=self._turn)}

    async def latest(self, asker: Asker, *, newsletter: str | None = None) -> Answer:
        """Return the beginning of the newest issue."""
        issues = self._desk.archive.issues(self._desk.newsletter(asker, newsletter))
        if not issues:
            return Answer(content=asker.words.say("reading.empty"))
        return await self._page(asker, issues[0].issue, 0)

    async def issue(self, asker: Asker, *, issue: str) -> Answer:
        """Return the beginning of the issue that was chosen, or of the newest one that what was typed fits."""
        return await self._page(asker, self.chosen(asker, issue).issue, 0)

    async def complete(self, asker: Asker, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the issues to choose from: what is shown, and the number that :meth:`issue` takes."""
        found = self._desk.archive.complete(typed_so_far, limit=limits.CHOICES)
        return [(title_and_day(listed, asker.words), str(listed.issue)) for listed in found]

    def newsletters(self, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the newsletters to choose from."""
        typed_so_far = typed_so_far.strip().casefold()
        return [(name, name) for name in self._desk.names() if typed_so_far in name.casefold()]

    def chosen(self, asker: Asker, issue: str) -> Listed:
        """Return the issue of a number, or the newest one that a text fits; raise UserError when there is none."""
        wanted = issue.strip()
        if wanted.isdecimal() and len(wanted) <= len(str(2**63)):
            found = self._desk.archive.find(int(wanted))
            if found is not None:
                return found
        fitting = self._desk.archive.complete(wanted, limit=1) if wanted else ()
        if not fitting:
            raise UserError(asker.words.say("reading.not_found", issue=typed(issue)))
        return fitting[0]

    async def which(self, asker: Asker, *, channel: int, message: int) -> Answer:
        """Say which issue a message belongs to: issue, section, page, source file."""
        receipt = await self._desk.ledger.receipts.of_message(MessageId(message))
        if receipt is None or receipt.channel != channel:
            return Answer(content=asker.words.say("which.unknown"))
        record = await self._desk.ledger.issue(receipt.issue)
        listed = self._desk.archive.find(record.id)
        entry = await self._desk.archive.entry(listed.newsletter, listed.path) if listed else None
        section = next((part.title for part in entry.parts if part.key == receipt.key), "") if entry else ""
        facts = {
            "section": section,
            "date": day_of(record.date, asker.words),
            "newsletter": record.newsletter,
            "page": listed.url if listed else "",
            "file": f"`{record.path.replace('`', '')}`",
        }
        lines = [f"**{asker.words.say(f'which.{name}')}:** {value}" for name, value in facts.items() if value]
        url = listed.url if listed else ""
        embed = Embed(title=typed(record.title, limits.EMBED_TITLE // 2), url=url, description="\n".join(lines))
        return Answer(embeds=(embed.body(),))

    async def _turn(self, asker: Asker, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        number, page = int(arguments[0]), int(values[0] if values else arguments[1])
        return await self._page(asker, number, page)

    async def _page(self, asker: Asker, number: int, page: int) -> Answer:
        listed = self._desk.archive.find(number)
        entry = await self._desk.archive.entry(listed.newsletter, listed.path) if listed else None
        if entry is None or not entry.parts:
            return Answer(content=asker.words.say("reading.gone"))
        page = min(max(page, 0), len(entry.parts) - 1)
        part = entry.parts[page]
        # A ping is all that the content of a cover holds; it is of no use to who reads.
        content = "" if part.body["allowed_mentions"].get("roles") else str(part.body.get("content") or "")
        receipts = await self._desk.ledger.receipts.held(IssueId(number))
        posted = next((receipt for receipt in receipts if receipt.key == part.key), None)
        return Answer(
            content=content,
            embeds=tuple(part.body["embeds"]),
            components=await self._controls(asker, entry, number, page, posted),
            files=await self._files(entry, page),
        )

    async def _controls(self, asker: Asker, entry: Entry, number: int, page: int, posted: Receipt | None) -> tuple[Component, ...]:
        words, count = asker.words, len(entry.parts)
        first = min(max(0, page - limits.SELECT_OPTIONS // 2), max(0, count - limits.SELECT_OPTIONS))
        shown = range(first, min(count, first + limits.SELECT_OPTIONS))
        options = [
            Option(
                label=_name(entry, index, words),
                value=str(index),
                chosen=index == page,
            )
            for index in shown
        ]
        links = [
            link_button(words.say("buttons.in_channel"), await self._desk.address(posted)) if posted else None,
            link_button(words.say("buttons.on_web"), entry.url),
        ]
        if count == 1:
            return row(*links)
        menu = select(press(READ, number, "menu"), options, placeholder=words.say("reading.sections"))
        return (*row(menu), *row(*turning(words, page, count, lambda to: press(READ, number, to)), *links))

    async def _files(self, entry: Entry, page: int) -> tuple[Attachment, ...]:
        """Return the pictures that were uploaded with a post, from the source as the last pass saw it."""
        snapshot = self._desk.passes.snapshots.get(entry.newsletter)
        files = getattr(entry.parts[page], "files", ())
        if not files or snapshot is None:
            return ()
        return tuple([Attachment(name=file.name, content=await snapshot.contents.read(file.path)) for file in files])


def _name(entry: Entry, index: int, words: Language) -> str:
    """Return what a menu calls a part: its section's title, numbered when the section has several."""
    part = entry.parts[index]
    if part.key == COVER:
        return words.say("reading.cover")
    before = sum(earlier.title == part.title for earlier in entry.parts[:index])
    return f"{part.title} ({before + 1})" if before else part.title or part.key


def title_and_day(listed: Listed, words: Language) -> str:
    """Name an issue for a list."""
    day = day_of(listed.date, words)
    return f"{listed.title} · {day}" if day else listed.title


def day_of(when: date | datetime | None, words: Language) -> str:
    """Write a day, in UTC where there is a time; "" for none."""
    if when is None:
        return ""
    return words.day(when.astimezone(UTC).date() if isinstance(when, datetime) else when)
