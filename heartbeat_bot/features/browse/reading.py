"""Reading issues: the newest, any, page by page; and which issue a message belongs to."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.entry import CatalogEntry, Listed, Part
from heartbeat_bot.archive.words import folded_words
from heartbeat_bot.errors import SourceError, UserError
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.message_links import MessageLinks
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.ids import MessageId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Attachment
from heartbeat_bot.interactions.components import Component, button, leafing, link_button, press, row
from heartbeat_bot.interactions.custom_ids import arguments_of, number_of
from heartbeat_bot.interactions.lines import FACT, TITLE, day_of, named, said, typed
from heartbeat_bot.interactions.router import PressHandler
from heartbeat_bot.languages import Language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import code_span, inert
from heartbeat_bot.rendering.links import is_web
from heartbeat_bot.rendering.post import COVER, Embed
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.store.issues import Duties
from heartbeat_bot.store.messages import DeliveredMessages
from heartbeat_bot.sync.renderer import Renderer

READ: Final = "read"
_UPLOADED: Final = "attachment://"
_ALL: Final = 10**9
"""More issues than there are."""
_NEWSLETTER: Final = limits.CHOICE_TEXT // 3
"""Characters of a newsletter's name beside an issue's title."""


@dataclass(eq=False, kw_only=True, slots=True)
class Reading:
    """Answers people who read."""

    messages: DeliveredMessages
    archive: Archive
    renderer: Renderer
    duties: Duties
    readers: Readers
    indexing: Indexing
    links: MessageLinks

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {READ: PressHandler(handle=self._turn)}

    async def latest(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Return the beginning of the newest issue."""
        names = (await self.readers.scope(actor, newsletter)).names
        newest = self.archive.complete("", limit=1, among=names)
        return await self._page(actor, newest[0].issue, 0) if newest else Answer(content=self._nothing(actor, names))

    async def issue(self, actor: Actor, *, issue: str) -> Answer:
        """Return the beginning of the issue that was chosen, or of the newest one that what was typed fits."""
        names = (await self.readers.scope(actor, None)).names
        return await self._page(actor, self._chosen(actor, issue, names).issue, 0)

    async def complete(self, actor: Actor, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the issues to choose from: what is shown, and the number that :meth:`issue` takes."""
        names = await self.readers.names(actor)
        several = len(names) > 1
        return [
            (
                named(listed.title, day_of(listed.date, actor.words), said(listed.newsletter, _NEWSLETTER) if several else ""),
                str(listed.issue),
            )
            for listed in self.archive.complete(typed_so_far, limit=limits.CHOICES, among=names)
        ]

    async def newsletters(self, actor: Actor, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the newsletters to choose from."""
        typed_so_far = typed_so_far.strip().casefold()
        return [(name, name) for name in await self.readers.names(actor) if typed_so_far in name.casefold()]

    def _chosen(self, actor: Actor, issue: str, names: Collection[str]) -> Listed:
        """Return the issue of a number, or the newest one that a text fits; raise UserError when there is none."""
        archive, wanted = self.archive, issue.strip()
        if wanted.isdecimal() and len(wanted) <= len(str(2**63)):
            found = archive.find(int(wanted))
            if found is not None and found.newsletter in names:
                return found
        there = archive.complete("", limit=_ALL, among=names)
        same = [listed for listed in there if wanted and listed.title.casefold() == wanted.casefold()]
        fitting = same or (archive.complete(wanted, limit=1, among=names) if folded_words(wanted) else ())
        if fitting:
            return fitting[0]
        if not there:
            raise UserError(self._nothing(actor, names))
        filling = f"\n{actor.words.say('reading.filling')}" if self.indexing.is_filling(names) else ""
        raise UserError(actor.words.say("reading.not_found", issue=typed(issue)) + filling)

    def _nothing(self, actor: Actor, names: Collection[str]) -> str:
        return actor.words.say("reading.filling" if self.indexing.is_filling(names) else "reading.empty")

    async def which(self, actor: Actor, *, place: tuple[int, int]) -> Answer:
        """Say which issue a message belongs to: issue, section, page, source file. Nothing is said of one that members do not see.

        ``place`` is the ids of the message's channel and of the message.
        """
        words, (channel, message) = actor.words, place
        delivered = await self.messages.of_message(MessageId(message))
        if delivered is None or delivered.channel != channel:
            return Answer(content=words.say("which.unknown"))
        listed = self.archive.find(delivered.issue)
        if listed is not None:
            await self.readers.scope_of(actor, listed.newsletter)
        entry = await self.archive.entry(listed.newsletter, listed.path) if listed else None
        if listed is None or entry is None:
            return Answer(content=words.say("which.hidden"))
        part = next((number for number, part in enumerate(entry.parts) if part.key == delivered.key), None)
        facts = {
            "section": "" if part is None else inert(said(_name(entry, part, words), TITLE)),
            "date": day_of(listed.date, words),
            "newsletter": inert(said(listed.newsletter, FACT)),
            "page": f"<{listed.url}>" if is_web(listed.url) else "",
            "file": code_span(said(listed.path, 2 * TITLE)),
        }
        lines = [f"**{words.say(f'which.{name}')}:** {value}" for name, value in facts.items() if value]
        embed = Embed(title=typed(listed.title, TITLE), url=_embed_url(listed.url), description="\n".join(lines))
        read = button(words.say("buttons.read"), press(READ, listed.issue, part or 0))
        return Answer(embeds=(embed.body(),), components=row(read, link_button(words.say("buttons.on_web"), listed.url)))

    async def _turn(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        number, page = arguments_of(arguments, 2)
        return await self._page(actor, number_of(number), number_of(values[0] if values else page))

    async def _page(self, actor: Actor, number: int, page: int) -> Answer:
        listed = self.archive.find(number)
        if listed is not None:
            await self.readers.scope_of(actor, listed.newsletter)
        entry = await self.archive.entry(listed.newsletter, listed.path) if listed else None
        if entry is None or not entry.parts:
            return Answer(content=actor.words.say("reading.gone"))
        page = min(page, len(entry.parts) - 1)
        part = entry.parts[page]
        files = await self._files(entry.newsletter, part)
        embeds = tuple(_embeds(part, {file.name for file in files}))
        # A ping is all that the content of a cover holds; it is of no use to who reads.
        content = "" if part.body["allowed_mentions"].get("roles") else str(part.body.get("content") or "")
        return Answer(
            # What was nothing but a picture that is gone would be an empty message.
            content=content if content or embeds else "…",
            embeds=embeds,
            components=await self._controls(actor, entry, number, page),
            files=files,
        )

    async def _controls(self, actor: Actor, entry: CatalogEntry, number: int, page: int) -> tuple[Component, ...]:
        words, count = actor.words, len(entry.parts)
        links = [
            link_button(words.say("buttons.in_channel"), await self.links.posted(actor, number, entry.parts[page].key)),
            link_button(words.say("buttons.on_web"), entry.url),
        ]
        if count == 1:
            return row(*links)
        return leafing(words, page, count, partial(press, READ, number), name=lambda index: _name(entry, index, words), links=links)

    async def _files(self, newsletter: str, part: Part) -> tuple[Attachment, ...]:
        """Return the pictures that were uploaded with a post, from the source as the last pass saw it: those that are still there."""
        snapshot = self.renderer.snapshots.get(newsletter)
        files: list[Attachment] = []
        for file in part.files if snapshot else ():
            try:
                content = await snapshot.contents.read_picture(file.path) if snapshot else b""
            except SourceError:
                continue
            if self.duties.bind and blob_id(content) != file.blob:
                continue  # another picture stands there now, which nobody let through
            files.append(Attachment(name=file.name, content=content, alt=file.alt))
        return tuple(files)


def _embeds(part: Part, files: set[str]) -> Iterator[Mapping[str, Any]]:
    """Yield a post's embeds, without the uploaded pictures that cannot be had: Discord refuses what speaks of them."""
    for embed in part.body["embeds"]:
        url = str(embed.get("image", {}).get("url", ""))
        lost = url.startswith(_UPLOADED) and url.removeprefix(_UPLOADED) not in files
        kept = {name: value for name, value in embed.items() if not (lost and name == "image")}
        # An embed that was nothing but its picture has its alternative text left to show.
        shows = any(kept.get(name) for name in ("title", "description", "author", "footer", "image"))
        if shows:
            yield kept
        elif alt := embed["image"].get("description") if lost else "":
            yield kept | {"description": inert(alt)}


def _name(entry: CatalogEntry, index: int, words: Language) -> str:
    """Return what a menu calls a part: its section's title, numbered when the section has several."""
    part = entry.parts[index]
    is_cover = part.key.partition("/")[0] == COVER and not part.title
    name = words.say("reading.cover") if is_cover else said(part.title or part.key, limits.SELECT_TEXT - 6)
    before = sum(earlier.title == part.title for earlier in entry.parts[:index])
    return f"{name} ({before + 1})" if before else name


def _embed_url(url: str) -> str:
    return url if is_web(url) and len(url) <= limits.URL else ""
