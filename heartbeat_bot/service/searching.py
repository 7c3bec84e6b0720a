"""Full-text search over all issues."""

from collections.abc import Mapping, Sequence
from typing import Final

from heartbeat_bot.archive.store import Hit
from heartbeat_bot.archive.words import folded_words
from heartbeat_bot.delivery.identity import IssueId
from heartbeat_bot.languages import Language
from heartbeat_bot.messages.answers import Answer
from heartbeat_bot.messages.components import press, row, turning
from heartbeat_bot.messages.dialect import DiscordConverter, escape
from heartbeat_bot.messages.links import Links, is_web
from heartbeat_bot.messages.post import Embed
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.desk import QUERY, Desk, short_name, typed
from heartbeat_bot.service.presses import Pressable
from heartbeat_bot.service.reading import day_of

SEARCH: Final = "search"
PLACES: Final = ("all", "titles")
_PER_PAGE: Final = 5


class Searching:
    """Answers people who look for something."""

    def __init__(self, desk: Desk) -> None:
        """Answer from what is on the desk."""
        self._desk = desk
        self.presses: Mapping[str, Pressable] = {SEARCH: Pressable(handle=self._turn)}

    async def search(self, asker: Asker, *, query: str, newsletter: str | None = None, where: str = "all") -> Answer:
        """Return the issues that words are found in, best first; ``where`` is one of :data:`PLACES`."""
        return await self._page(asker, QUERY.cut(query), self._desk.newsletter(asker, newsletter), where, 0)

    async def _turn(self, asker: Asker, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        page, where, newsletter, query = arguments
        return await self._page(asker, query, self._desk.newsletter(asker, newsletter), where, int(page))

    async def _page(self, asker: Asker, query: str, newsletter: str | None, where: str, page: int) -> Answer:
        words, archive = asker.words, self._desk.archive
        page = max(page, 0)
        if not folded_words(query):
            return Answer(content=words.say("search.nothing"))
        found = await archive.search(
            query, newsletter=newsletter, titles_only=where == "titles", limit=_PER_PAGE, offset=page * _PER_PAGE
        )
        if not found.hits:
            return Answer(content=words.say("search.none", query=typed(query)))
        lines = [await self._line(hit, words) for hit in found.hits]
        embed = Embed(
            title=words.say("search.title", query=typed(query)),
            description="\n\n".join(lines),
            footer=words.say("search.found", count=found.total),
        )
        controls = turning(
            words, page, -(-found.total // _PER_PAGE), lambda to: press(SEARCH, to, where, short_name(newsletter), query)
        )
        return Answer(embeds=(embed.body(),), components=row(*controls))

    async def _line(self, hit: Hit, words: Language) -> str:
        listed = hit.listed
        receipts = await self._desk.ledger.receipts.held(IssueId(listed.issue))
        posted = next((receipt for receipt in receipts if receipt.key == hit.part), None)
        url = await self._desk.address(posted) if posted else listed.url
        name = f"{listed.title} › {hit.part_title}" if hit.part_title else listed.title
        title = DiscordConverter(Links()).masked_text(name, url) if is_web(url) else escape(name)
        day = day_of(listed.date, words)
        excerpt = "".join(f"**{escape(text)}**" if marked and text.strip() else escape(text) for text, marked in hit.excerpt)
        return "\n".join(line for line in (f"**{title}**{f' · {day}' if day else ''}", _in_one_line(excerpt)) if line)


def _in_one_line(text: str) -> str:
    line = " ".join(text.split())
    return f"> {line}" if line else ""
