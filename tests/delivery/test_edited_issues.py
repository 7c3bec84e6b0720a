"""Issues as authors write and edit them, from Markdown to the channel: it reads as if posted fresh, in the fewest requests."""

import random
from dataclasses import dataclass, field, replace

import pytest
from channel_model import Channel, as_if_fresh
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose
from heartbeat_bot.rendering.post import Post
from heartbeat_bot.sync.plan import Delete, Edit, Publish, Send

WORDS = ["lamp", "owl", "garden", "spring", "moss", "ladder", "kettle", "harbour", "stile", "wren"]


@dataclass(frozen=True)
class Draft:
    """An issue's introduction and sections: heading, paragraphs."""

    intro: str = "Good evening."
    sections: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())

    def posts(self) -> tuple[Post, ...]:
        body = "\n\n".join(f"## {heading}\n\n" + "\n\n".join(paragraphs) for heading, paragraphs in self.sections)
        issue = read_issue("a.md", f"---\ntitle: A\n---\n{self.intro}\n\n{body}\n".encode())
        return compose(issue, page="https://example.org/a").posts


def prose(chance: random.Random, length: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(length)) + f" {chance.randrange(10**6)}."


def drafted(chance: random.Random) -> Draft:
    count = chance.randint(0, 6)
    return Draft(
        sections=tuple(
            (f"Part {number}", tuple(prose(chance, chance.choice([3, 30, 900])) for _ in range(chance.randint(1, 3))))
            for number in range(count)
        )
    )


def edited(draft: Draft, chance: random.Random) -> Draft:
    sections = list(draft.sections)
    match chance.choice(["typo", "insert", "remove", "move", "grow", "shrink", "rename", "intro", "nothing"]):
        case "insert":
            new = (f"New {chance.randrange(1000)}", (prose(chance, chance.choice([3, 900])),))
            sections.insert(chance.randint(0, len(sections)), new)
        case "remove" if sections:
            sections.pop(chance.randrange(len(sections)))
        case "move" if sections:
            sections.insert(chance.randrange(len(sections)), sections.pop(chance.randrange(len(sections))))
        case "typo" | "grow" | "shrink" | "rename" as change if sections:
            number = chance.randrange(len(sections))
            heading, paragraphs = sections[number]
            paragraphs = {
                "typo": (paragraphs[0].replace("e", "3", 1), *paragraphs[1:]),
                "grow": (*paragraphs, prose(chance, 900)),
                "shrink": paragraphs[:1],
                "rename": paragraphs,
            }[change]
            sections[number] = (heading + ("!" if change == "rename" else ""), paragraphs)
        case "intro":
            return replace(draft, intro=prose(chance, chance.choice([3, 900])))
        case _:
            pass
    return replace(draft, sections=tuple(sections))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.booleans())
def test_after_any_edits_the_channel_reads_as_if_posted_fresh(seed: int, publish: bool) -> None:  # noqa: FBT001 - an example's argument
    chance = random.Random(seed)
    channel, draft = Channel(), drafted(chance)
    channel.reconcile(draft.posts(), publish=publish)
    for _ in range(5):
        draft = edited(draft, chance)
        posts = draft.posts()
        before, made = channel.texts(), len(channel.requests)
        assert channel.reconcile(posts, publish=publish) <= 3
        assert channel.texts() == as_if_fresh(posts, channel)
        assert channel.plan(posts, publish=publish) == ()
        requests = [request for request in channel.requests[made:] if not isinstance(request, Publish)]
        # What a naive editor would do, message by message from the top, is never beaten by it.
        pairs = list(zip(before, channel.texts(), strict=False))
        naive = sum(old != new for old, new in pairs) + abs(len(before) - len(channel.texts()))
        assert len(requests) <= naive + 1  # the cover's links may cost an edit of their own


THREE = Draft(sections=(("One", ("first",)), ("Two", ("second",)), ("Three", ("third",))))


def requests_for(before: Draft, after: Draft) -> list[str]:
    channel = Channel()
    channel.reconcile(before.posts())
    made = len(channel.requests)
    channel.reconcile(after.posts())
    assert channel.texts() == as_if_fresh(after.posts(), channel)
    return [type(request).__name__ for request in channel.requests[made:]]


@pytest.mark.parametrize(
    ("change", "sections", "expected"),
    [
        ("nothing", THREE.sections, []),
        ("a typo", (("One", ("first",)), ("Two", ("s3cond",)), ("Three", ("third",))), [Edit]),
        ("a section at the end", (*THREE.sections, ("Four", ("fourth",))), [Send, Edit]),
        ("a section in the middle", (*THREE.sections[:1], ("New", ("new",)), *THREE.sections[1:]), [Send, Edit, Edit, Edit]),
        ("the last section removed", THREE.sections[:2], [Edit, Delete]),
        ("the first section removed", THREE.sections[1:], [Edit, Delete]),
        ("two sections swapped", (THREE.sections[1], THREE.sections[0], THREE.sections[2]), [Edit, Edit, Edit]),
        (
            "a section grown over a limit",
            (THREE.sections[0], THREE.sections[1], ("Three", ("third",) + ("owl " * 900,) * 2)),
            [Send, Edit],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_edit_costs_these_requests(change: str, sections: tuple[tuple[str, tuple[str, ...]], ...], expected: list[type]) -> None:
    assert requests_for(THREE, replace(THREE, sections=sections)) == [kind.__name__ for kind in expected], change
