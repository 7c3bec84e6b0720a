"""How an issue would look, also one that waits: for moderators, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Attachment
from heartbeat_bot.interactions.components import leafing, press
from heartbeat_bot.interactions.custom_ids import arguments_of, number_of
from heartbeat_bot.interactions.lines import TITLE, part_name, said, whole_lines
from heartbeat_bot.interactions.router import PREVIEW, PressHandler, PressKind
from heartbeat_bot.languages import Language
from heartbeat_bot.moderators.known_issues import KnownIssues
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import code_span, inert
from heartbeat_bot.rendering.post import Embed, Post, Rendered
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.sync.renderer import Renderer

TURN: Final = "preview-turn"
_FINDINGS: Final = 40


@dataclass(eq=False, kw_only=True, slots=True)
class Previewing:
    """Shows moderators what would be posted."""

    renderer: Renderer
    known: KnownIssues

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {PREVIEW: PressHandler(kind=PressKind.REPLY, handle=self._open), TURN: PressHandler(handle=self._turn)}

    async def preview(self, actor: Actor, *, issue: str) -> Answer:
        """Return the first page: what there is to look at, then the posts."""
        return await self._page(actor, await self.known.chosen(actor, issue, PREVIEW), 0)

    async def _open(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        (number,) = arguments_of(arguments, 1)
        return await self.preview(actor, issue=number)

    async def _turn(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        number, page = arguments_of(arguments, 2)
        record = await self.known.chosen(actor, number, PREVIEW, pressed=True)
        return await self._page(actor, record, number_of(values[0] if values else page))

    async def _page(self, actor: Actor, record: IssueRecord, page: int) -> Answer:
        """Return a page: page 0 has the findings, page n the n-th post."""
        words, preview = actor.words, await self.renderer.preview(record)
        posts = preview.posts
        count = len(posts) + 1
        page = min(max(page, 0), count - 1)
        controls = leafing(words, page, count, partial(press, TURN, record.id), name=lambda number: _name(posts, number, words))
        if page == 0:
            return Answer(embeds=(_look(record, preview, words).body(),), components=controls)
        post = posts[page - 1]
        body: dict[str, Any] = post.body()
        snapshot = self.renderer.snapshots[record.newsletter]
        files = [Attachment(name=file.name, content=await snapshot.contents.read_picture(file.path)) for file in post.files]
        return Answer(content=body["content"], embeds=tuple(body["embeds"]), components=controls, files=tuple(files))


def _name(posts: Sequence[Post], number: int, words: Language) -> str:
    return part_name(posts[number - 1], words) if number else words.say("preview.findings")


def _look(record: IssueRecord, preview: Rendered, words: Language) -> Embed:
    """Say what is known of an issue, and what there is to look at in it."""
    lines = [
        code_span(said(record.path, 2 * TITLE)),
        words.say("notices.messages", count=len(preview.posts)),
        "",
        words.say("preview.findings" if preview.findings else "preview.no_findings"),
    ]
    for finding in preview.findings[:_FINDINGS]:
        place = f" ({finding.line})" if finding.line else ""
        lines.append(f"- {finding.severity.value}{place}: {inert(finding.message[:300])}")
    text = whole_lines("\n".join(lines), limits.EMBED_DESCRIPTION)
    return Embed(title=inert(record.title[: limits.EMBED_TITLE // 2]), url=preview.url, description=text)
