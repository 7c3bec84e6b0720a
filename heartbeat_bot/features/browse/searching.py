"""Full-text search over all issues."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from heartbeat_bot.archive.archive import Archive, Hit, SearchPage
from heartbeat_bot.archive.fulltext import Segment
from heartbeat_bot.archive.words import folded_words
from heartbeat_bot.config import Config
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.message_links import MessageLinks
from heartbeat_bot.features.readers import Readers, Scope
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.components import press, row, turning
from heartbeat_bot.interactions.custom_ids import OutdatedError, Query, arguments_of, newsletter_of, number_of, short_name
from heartbeat_bot.interactions.lines import FACT, TITLE, day_of, linked, said, typed
from heartbeat_bot.interactions.router import PressHandler
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.post import Embed

SEARCH: Final = "search"
PLACES: Final = ("all", "titles")
_PER_PAGE: Final = 5
_QUERY: Final = Query(most=72)
"""What a custom_id has left for a query."""


@dataclass(eq=False, kw_only=True, slots=True)
class Searching:
    """Answers people who look for something."""

    config: Config
    archive: Archive
    readers: Readers
    indexing: Indexing
    links: MessageLinks

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {SEARCH: PressHandler(handle=self._turn)}

    async def search(self, actor: Actor, *, query: str, newsletter: str | None = None, where: str = "all") -> Answer:
        """Return the issues that words are found in, best first; ``where`` is one of :data:`PLACES`."""
        where = where if where in PLACES else PLACES[0]
        return await self._page(actor, _QUERY.cut(query), await self.readers.scope(actor, newsletter), where, 0)

    async def _turn(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        page, where, newsletter, query = arguments_of(arguments, 4)
        if where not in PLACES or _QUERY.cut(query) != query:
            raise OutdatedError
        scope = await self.readers.scope_of(actor, newsletter_of(newsletter, self.config.newsletters))
        return await self._page(actor, query, scope, where, number_of(page))

    async def _page(self, actor: Actor, query: str, scope: Scope, where: str, page: int) -> Answer:
        words, archive = actor.words, self.archive
        if not folded_words(query):
            return Answer(content=words.say("search.nothing"))

        async def found_on(page: int) -> SearchPage:
            offset = page * _PER_PAGE
            return await archive.search(query, among=scope.names, titles_only=where == "titles", limit=_PER_PAGE, offset=offset)

        found = await found_on(page)
        count = -(-found.total // _PER_PAGE)
        if found.total and not found.hits:  # there were more when the page before was shown
            page = count - 1
            found = await found_on(page)
        filling = self.indexing.is_filling(scope.names)
        if not found.hits:
            lines = [words.say("search.none", query=typed(query)), words.say("reading.filling") if filling else ""]
            return Answer(content="\n".join(line for line in lines if line))
        about = [words.say("search.found", count=found.total), words.say("search.filling") if filling else ""]
        embed = Embed(
            title=words.say("search.title", query=typed(query)),
            description="\n\n".join([await self._line(actor, hit, newsletter=scope.several) for hit in found.hits]),
            footer=" · ".join(part for part in about if part),
        )
        controls = turning(words, page, count, lambda to: press(SEARCH, to, where, short_name(scope.newsletter), query))
        return Answer(embeds=(embed.body(),), components=row(*controls))

    async def _line(self, actor: Actor, hit: Hit, *, newsletter: bool) -> str:
        words, listed = actor.words, hit.listed
        url = await self.links.posted(actor, listed.issue, hit.part) or listed.url
        title = said(listed.title, TITLE)
        name = f"{title} › {said(hit.part_title, FACT)}" if hit.part_title and hit.part_title != listed.title else title
        facts = [f"**{linked(name, url, TITLE + FACT + 3)}**", day_of(listed.date, words)]
        facts.append(inert(said(listed.newsletter, FACT)) if newsletter else "")
        excerpt = " ".join("".join(_marked(hit.excerpt)).split())
        return "\n".join([" · ".join(part for part in facts if part), *([f"> {excerpt}"] if excerpt else [])])


def _marked(excerpt: Sequence[Segment]) -> Iterator[str]:
    """Yield the pieces of an excerpt, those in bold that were looked for; neighbours, which Discord would not part, as one."""
    for is_marked, pieces in groupby(excerpt, key=lambda piece: piece[1]):
        text = inert("".join(text for text, _ in pieces))
        yield f"**{text}**" if is_marked and text.strip() else text
