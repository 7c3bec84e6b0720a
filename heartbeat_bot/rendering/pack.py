"""Fills messages: rendered pieces of a section → contents and embeds, as few messages as the pieces allow, every limit kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self, assert_never

from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.nodes import count_nodes, weighs_at_most, weight
from heartbeat_bot.rendering.pieces import Card, Gallery, HorizontalRule, Piece, Text, Title, Unfurl
from heartbeat_bot.rendering.post import Embed
from heartbeat_bot.rendering.split import Cut, LineKind, split, tear


@dataclass(slots=True)
class PackedPost:
    """A message being filled."""

    content: str = ""
    embeds: list[Embed] = field(default_factory=list[Embed])

    @property
    def empty(self) -> bool:
        """Whether nothing was put in yet."""
        return not self.content and not self.embeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a message holds; less than Discord's limits where something will be added later (the cover's jump links)."""

    characters: int = limits.EMBED_TOTAL
    size: int = limits.MESSAGE_BYTES


_MOST_WEIGHT: Final = 2 * limits.NODES - 2
"""The most that a text with fewer nodes than the limit weighs."""
_GALLERY: Final = 4
"""Images that the client merges into one embed (docs: embeds with the same url; staff: at most four)."""


def pack(content: str, pieces: Iterable[Piece], *, first: Sequence[Embed] = (), room: Room | None = None) -> list[PackedPost]:
    """Fill messages in order.

    ``content`` is the first message's content (at most 2000 characters), ``first`` embeds that it already holds, ``room`` what the
    first message may hold in all. Blocks are kept whole, lists are cut between items only, unless cutting finer saves a message.
    """
    pieces = list(pieces)
    whole = _fill(content, pieces, first, room or Room(), cut=Cut.SEAMS)
    if len(whole) == 1:
        return whole
    cut = _fill(content, pieces, first, room or Room(), cut=Cut.SENTENCES)
    return cut if len(cut) < len(whole) else whole


def _fill(content: str, pieces: Sequence[Piece], first: Sequence[Embed], room: Room, *, cut: Cut) -> list[PackedPost]:
    filler = _Filler(content, first, room, cut=cut)
    for piece in pieces:
        match piece:
            case Text():
                filler.text(piece)
            case Title():
                filler.title(piece)
            case Gallery():
                filler.gallery(piece)
            case Card():
                filler.card(piece)
            case Unfurl():
                filler.unfurl(piece)
            case HorizontalRule():
                filler.last = None
            case _:
                assert_never(piece)
    return filler.done()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What is left for a text where it is to stand: characters, bytes, and weight in nodes (see nodes.py)."""

    characters: int
    size: int
    weight: int = _MOST_WEIGHT

    def holds(self, text: str) -> bool:
        """Tell whether a text fits."""
        return len(text) <= self.characters and _bytes(text) <= self.size and weighs_at_most(text, self.weight)

    def less(self, text: str) -> Self:
        """Return what is left after a text that ends a line."""
        return replace(
            self, characters=self.characters - len(text), size=self.size - _bytes(text), weight=self.weight - weight(text)
        )


class _Filler:
    """Fills one message after the other, one embed after the other."""

    def __init__(self, content: str, first: Sequence[Embed], room: Room, *, cut: Cut) -> None:
        self.cut = cut
        self.room = room
        self.drafts = [PackedPost(content=content, embeds=list(first))]
        self.embed: Embed = Embed()
        self.weight = 0
        """Of the embed's description, which is long to weigh anew for every block."""
        self.open = False
        self.last: LineKind | None = None
        self.pending_heading = ""
        self.pending_title: Title | None = None

    # -- room

    def _left(self, *embeds: Embed) -> _Left:
        """Return what the message has left for the description of the last of ``embeds``, when it holds them besides those it has."""
        embeds = (*self.drafts[-1].embeds, *embeds)
        characters = self.room.characters - sum(embed.characters for embed in embeds)
        size = self.room.size - _bytes(self.drafts[-1].content) - sum(map(_embed_bytes, embeds))
        if len(embeds) > limits.EMBEDS:
            return _Left(characters=-1, size=-1)
        last = embeds[-1]
        return _Left(
            characters=min(characters, limits.EMBED_DESCRIPTION - len(last.description)),
            size=size,
            weight=_MOST_WEIGHT - (self.weight if last is self.embed else weight(last.description)),
        )

    def _put(self, embed: Embed) -> None:
        """Put in an embed to which nothing is added."""
        self.embed, self.open = embed, True
        self._close()

    def _has_room(self, embed: Embed) -> bool:
        """Tell whether the message holds ``embed`` in place of the open one (or as one more)."""
        return self._left(embed).holds("")

    def _close(self) -> None:
        if self.open:
            self.drafts[-1].embeds.append(self.embed)
        self.embed, self.weight, self.open, self.last = Embed(), 0, False, None

    def _next_message(self) -> None:
        self._close()
        if not self.drafts[-1].empty:
            self.drafts.append(PackedPost())
            self.room = Room()

    # -- pieces

    def title(self, piece: Title) -> None:
        """Start an embed with a title, once something follows it."""
        self._flush()
        self._close()
        self.pending_title = piece

    def text(self, piece: Text) -> None:
        """Append a block; a heading waits for what follows it."""
        if piece.kind is LineKind.HEADING:
            self.pending_heading += ("\n" if self.pending_heading else "") + piece.markdown
            return
        self._append(piece.markdown, piece.kind)

    def _append(self, text: str, kind: LineKind) -> None:
        title = self._take_title()
        heading, self.pending_heading = self.pending_heading, ""
        if heading and not _alone(title).less(heading).holds("x" * _WORTH):
            # Too long to stand above a text in one message, it is a text of its own.
            self.pending_title = title
            self._append(heading, LineKind.PARAGRAPH)
            title, heading = None, ""
        rest = text
        while rest:
            base = self.embed if self.open else Embed(title=title.title if title else "", url=title.url if title else "")
            gap = _gap(self.last, kind, heading=bool(heading)) if base.description else ""
            before = f"{heading}\n" if heading else ""
            fits = self._left(base).less(gap + before).holds
            part, left = split(rest, kind, fits, cut=self.cut)
            if not part and not split(rest, kind, _alone(title).less(before).holds, cut=self.cut)[0]:
                # No message of its own would help: what is too long for any is cut where it stands.
                part, left = split(rest, kind, fits, cut=Cut.FORCED)
                part, left = (part, left) if len(part) >= _WORTH or (part and self._empty) else ("", rest)
                if not part and self._empty:
                    part, left = tear(rest, fits)
            if part:
                self.embed = replace(base, description=base.description + gap + before + part)
                self.open, self.last = True, kind
                self.weight += weight(gap + before) + weight(part)
                rest, heading, title = left, "", None
                if rest:
                    # The rest goes on in a new embed, or in a new message when this one is full.
                    self._close()
            elif self.open and self._fresh_embed_helps(rest, kind):
                self._close()
            else:
                self._next_message()

    @property
    def _empty(self) -> bool:
        return self.drafts[-1].empty and not self.open

    def _fresh_embed_helps(self, rest: str, kind: LineKind) -> bool:
        """Tell whether an embed of its own would take (some of) the text in this message."""
        fits = self._left(self.embed, Embed()).holds
        if split(rest, kind, fits, cut=self.cut)[0]:
            return True
        if split(rest, kind, _alone(None).holds, cut=self.cut)[0]:
            return False
        return len(split(rest, kind, fits, cut=Cut.FORCED)[0]) >= _WORTH

    def _take_title(self) -> Title | None:
        """Return the waiting title, or None after writing it as a heading line where it cannot be a title."""
        title, self.pending_title = self.pending_title, None
        if title is None:
            return None
        taken = {embed.url for embed in self.drafts[-1].embeds if embed.url}
        if not title.title or len(title.title) > limits.EMBED_TITLE or (title.url and title.url in taken):
            self.pending_heading = title.fallback + (f"\n{self.pending_heading}" if self.pending_heading else "")
            return None
        if not self._has_room(Embed(title=title.title, url=title.url, description="x" * 200)):
            self._next_message()
        return title

    def _flush(self) -> None:
        """Write a heading or title that nothing follows."""
        if not self.pending_heading and (title := self._take_title()):
            self._put(Embed(title=title.title, url=title.url))
        if self.pending_heading:
            heading, self.pending_heading = self.pending_heading, ""
            self._append(heading, LineKind.PARAGRAPH)

    def gallery(self, piece: Gallery) -> None:
        """Close the open embed with a picture; further ones follow as embeds with the same URL, which the client merges."""
        for line in piece.lines:
            self._append(line, LineKind.PARAGRAPH)
        if self.pending_heading:
            self._flush()
        title = self._take_title()
        base = self.embed if self.open else Embed(title=title.title, url=title.url) if title else Embed()
        url = base.url or piece.url
        if len(piece.images) == 1 or any(embed.url == url for embed in self.drafts[-1].embeds):
            url = base.url
        image, *others = piece.images[:_GALLERY]
        if len(self.drafts[-1].embeds) + 1 + len(others) > limits.EMBEDS:
            if not piece.lines and not base.title:
                self._next_message()
                base, url = Embed(), piece.url if others else ""
            elif len(self.drafts[-1].embeds) + 1 > limits.EMBEDS:
                self._next_message()
                base = Embed()
        self._put(replace(base, url=url, image=image))
        for other in others:
            if len(self.drafts[-1].embeds) >= limits.EMBEDS:
                self._next_message()
            self.drafts[-1].embeds.append(Embed(url=url, image=other))

    def card(self, piece: Card) -> None:
        """Put in an embed that stands alone."""
        self._flush()
        self._close()
        embed = piece.embed
        if embed.url and any(other.url == embed.url for other in self.drafts[-1].embeds):
            self._next_message()
        if not self._has_room(embed):
            self._next_message()
        self._put(embed)

    def unfurl(self, piece: Unfurl) -> None:
        """Put a URL into the content of the message being filled."""
        self._flush()
        draft = self.drafts[-1]
        content = f"{draft.content}\n{piece.url}" if draft.content else piece.url
        size = _bytes(draft.content) + _bytes(piece.url) + 1 + sum(map(_embed_bytes, (*draft.embeds, self.embed)))
        if len(content) > limits.CONTENT or size > self.room.size or count_nodes(content) >= limits.NODES:
            self._next_message()
            content = piece.url
            draft = self.drafts[-1]
        draft.content = content

    def done(self) -> list[PackedPost]:
        """Close what is open and return the messages, none of them empty."""
        self._flush()
        self._close()
        return [draft for draft in self.drafts if not draft.empty]


def _alone(title: Title | None) -> _Left:
    """Return what a message that holds nothing else, but for a title, has left for a text."""
    said = title.title if title else ""
    return _Left(characters=min(limits.EMBED_DESCRIPTION, limits.EMBED_TOTAL - len(said)), size=limits.MESSAGE_BYTES - _bytes(said))


_WORTH: Final = 200
"""Characters of a text that must be cut anyway that are worth standing in what is left of a message."""


def _gap(last: LineKind | None, kind: LineKind, *, heading: bool) -> str:
    """Return what stands between two blocks: a list, or a code block, may follow its paragraph closely; all else wants a blank line."""
    if not heading and last is LineKind.PARAGRAPH and kind in {LineKind.LIST, LineKind.CODE}:
        return "\n"
    return "\n\n"


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", errors="surrogatepass"))


def _embed_bytes(embed: Embed) -> int:
    return _bytes(embed.title) + _bytes(embed.description) + _bytes(embed.author) + _bytes(embed.footer)
