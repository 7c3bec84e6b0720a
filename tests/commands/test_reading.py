from pathlib import Path

import pytest
from town import APRIL, Town

from discord_sandbox.interactions import NotOfferedError
from heartbeat_bot.interactions.components import button, press, row

NEXT, MENU = "Next ▶", "Choose a section"

AUGUST = """---
title: August's Calm
date: 2026-08-01
---

Nothing stirs.

## News

The new stones are in.
"""

HOSTILE = [
    "",
    " ",
    "x" * 6000,
    "**bold** [a](https://example.org) `code`",
    "@everyone <@&1> <@1>",
    "%",
    "\"'",
    'NEAR("a" OR *) AND title:x ^ -',
    "a|b|c",
    "\\\\\\|",
    "nul\0here",
    "9" * 30,
    "-1",
    "٣",
    "\u202eevil",
    "'; DROP TABLE entries; --",
]


async def test_the_latest_issue_is_read_where_one_asks(mill: Town) -> None:
    answer = await mill.call("latest")
    assert "July's Heat" in mill.shown(answer)
    assert mill.is_private(answer)
    assert mill.labels(answer) == [MENU, "◀ Previous", "1 of 4", NEXT, "On the web"]
    assert mill.link(answer, "On the web") == "https://example.org/issues/july"
    await mill.press(answer, NEXT)
    assert "The mill pond is low" in mill.shown(answer)
    assert mill.labels(answer)[2] == "2 of 4"
    await mill.press(answer, "◀ Previous")
    assert "It is *warm*" in mill.shown(answer)
    assert [option["label"] for option in mill.options(answer, MENU)] == ["The beginning", "News", "Events", "Tutorials"]
    await mill.press(answer, MENU, values=["3"])
    assert "How to patch a sail." in mill.shown(answer)
    assert [option["label"] for option in mill.options(answer, MENU) if option.get("default")] == ["Tutorials"]


async def test_a_reader_sees_the_very_embeds_that_were_posted_and_gets_to_the_message(mill: Town) -> None:
    mill.write("august", AUGUST)
    await mill.sync()
    cover, news = mill.sandbox.messages(mill.news)
    answer = await mill.call("latest")
    assert mill.link(answer, "In the channel") == f"https://discord.com/channels/{mill.guild.id}/{mill.news.id}/{cover['id']}"
    assert f"<@&{mill.pinged.id}>" in cover["content"]
    assert mill.pinged.name not in mill.shown(answer)
    assert "<@&" not in mill.shown(answer)
    await mill.press(answer, NEXT)
    (message,) = answer.responses
    assert [{"type": "rich", **embed} for embed in message.embeds] == news["embeds"]
    assert mill.link(answer, "In the channel").endswith(news["id"])

    # Somebody deletes the message: the reader still has the text, and no link to nowhere.
    mill.sandbox.delete_message(mill.news, int(news["id"]))
    again = await mill.call("latest")
    await mill.press(again, NEXT)
    assert "The new stones are in." in mill.shown(again)
    assert "In the channel" not in mill.labels(again)


async def test_a_channel_that_is_gone_costs_the_link_only(mill: Town) -> None:
    mill.write("august", AUGUST)
    await mill.sync()
    mill.sandbox.delete_channel(mill.news)
    answer = await mill.call("issue", issue=str(mill.number("August's Calm")))
    assert "August's Calm" in mill.shown(answer)
    assert "In the channel" not in mill.labels(answer)


async def test_an_answer_that_is_shared_stays_as_it_is_when_others_press_it(mill: Town) -> None:
    shared = await mill.call("latest", share=True)
    assert not mill.is_private(shared)
    theirs = await mill.press(shared, NEXT, by=mill.mo)
    assert "It is *warm*" in mill.shown(shared)
    assert "The mill pond is low" in mill.shown(theirs)
    assert mill.is_private(theirs)
    await mill.press(theirs, NEXT)
    assert "Pond party" in mill.shown(theirs)
    await mill.press(shared, NEXT)
    assert "The mill pond is low" in mill.shown(shared)


async def test_an_issue_is_found_by_what_is_typed_of_its_title_or_day(mill: Town) -> None:
    both = await mill.choices("issue", "issue", "")
    assert [choice["name"] for choice in both] == ["July's Heat · Mon 6 Jul 2026", "April's Wind · Mon 6 Apr 2026"]
    for typed in ("apr", "wind", "2026-04", "april 6", "WÏND"):
        assert [choice["name"] for choice in await mill.choices("issue", "issue", typed)] == ["April's Wind · Mon 6 Apr 2026"]
    answer = await mill.call("issue", issue=both[1]["value"])
    assert "The wind turned." in mill.shown(answer)
    answer = await mill.call("issue", issue="april wind")
    assert "The wind turned." in mill.shown(answer)
    assert await mill.choices("issue", "issue", "zzz") == []


async def test_whatever_is_typed_is_answered(mill: Town) -> None:
    for typed in HOSTILE:
        await mill.choices("issue", "issue", typed[:6000])
        if typed:
            answer = await mill.call("issue", issue=typed)
            said = mill.shown(answer)
            assert "No issue is called" in said, typed
            assert "/search" in said
            assert mill.is_private(answer)
        answer = await mill.call("latest", newsletter=typed or "x")
        assert "There is no newsletter called" in mill.shown(answer), typed
        await mill.choices("latest", "newsletter", typed[:6000])


async def test_members_never_see_what_is_not_out(town: Town) -> None:
    town.announce = "hold: 2h, max_age: null"
    async with town.running() as mill:
        mill.write("draft", AUGUST.replace("title:", "draft: true\ntitle:").replace("August's Calm", "Secret draft"))
        mill.write("held", AUGUST.replace("August's Calm", "Secret held"))
        mill.write("future", AUGUST.replace("2026-08-01", "2027-08-01").replace("August's Calm", "Secret future"))
        await mill.sync()
        records = await mill.opened.store.records("mill")
        secrets = [record for record in records.values() if record.title.startswith("Secret")]
        assert len(secrets) == 3
        assert len(await mill.choices("issue", "issue", "")) == 2
        for secret in secrets:
            assert await mill.choices("issue", "issue", secret.title) == []
            for typed in (str(secret.id), secret.title, secret.path):
                answer = await mill.call("issue", issue=typed)
                said = mill.shown(answer)
                assert "Nothing stirs" not in said
                assert "stones" not in said
            old = await mill.call("latest")
            (message,) = old.responses
            message.components = _as_sent(button(NEXT, press("read", secret.id, 1)))
            await mill.press(old, NEXT)
            assert mill.shown(old) == "That issue is not there any more. Try /latest or /search."
        assert "Nothing was found" in mill.shown(await mill.call("search", query="stones"))
        assert "July's Heat" in mill.shown(await mill.call("latest"))


async def test_a_page_is_turned_after_a_restart_and_when_its_issue_is_gone(town: Town) -> None:
    async with town.running() as mill:
        answer = await mill.call("latest")
        other = await mill.call("latest")
    async with town.running() as mill:
        await mill.press(answer, NEXT)
        assert "The mill pond is low" in mill.shown(answer)
        mill.remove("july")
        await mill.sync()
        await mill.press(other, NEXT)
        assert mill.shown(other) == "That issue is not there any more. Try /latest or /search."
        assert mill.labels(other) == []
        assert "April's Wind" in mill.shown(await mill.call("latest"))


async def test_buttons_of_an_earlier_version_say_so(mill: Town) -> None:
    for does in (
        press("read"),
        press("read", "x", "y"),
        press("read", 1, 2, 3),
        press("read", 1, "-1"),
        press("read", "9" * 60, 1),
        press("latest:2"),
        press("search", 1),
        press("search", 1, "all", "abcdef", "mill"),
        press("events", 0, "someday", "", "", ""),
        press("events", 0, "all", "", "beef00", ""),
        press("hiring", "first", "", ""),
        press("ics", 1),
        press("\\p"),
        press(""),
    ):
        answer = await mill.call("latest")
        (message,) = answer.responses
        message.components = _as_sent(button(NEXT, does) | {"custom_id": does.custom_id() or "|"})
        pressed = await mill.press(answer, NEXT)
        assert "earlier version" in mill.shown(pressed), does
        assert mill.is_private(pressed)
        assert "July's Heat" in mill.shown(answer)


def _as_sent(component: object) -> list[dict[str, object]]:
    """Return a row as Discord keeps it, which numbers components."""
    (line,) = row(component)  # pyright: ignore[reportArgumentType]
    return [{"type": 1, "id": 1, "components": [{**line["components"][0], "id": 2}]}]


async def test_a_long_issue_is_paged_through_with_a_menu_that_moves_along(town: Town) -> None:
    title = "Long " + "very " * 58 + "*end*"
    sections = "".join(f"\n## Section {n} {'x' * 300}\n\n{'text ' * 400}\n" for n in range(1, 41))
    town.write("long", f'---\ntitle: "{title}"\ndate: 2026-07-30\n---\n\nHello.\n{sections}')
    async with town.running() as mill:
        (choice, *_) = await mill.choices("issue", "issue", "")
        assert len(choice["name"]) <= 100
        assert choice["name"].endswith("… · Thu 30 Jul 2026")
        answer = await mill.call("latest")
        count = int(mill.labels(answer)[2].removeprefix("1 of "))
        assert count >= 41
        for page in range(1, count, 7):
            values = [option["value"] for option in mill.options(answer, MENU)]
            assert len(values) == 25
            assert values[0] == "0"
            assert values[-1] == str(count - 1)
            await mill.press(answer, MENU, values=[str(page)] if str(page) in values else [values[-2]])
            mill.shown(answer)
        await mill.press(answer, MENU, values=[str(count - 1)])
        assert "Section 40" in mill.shown(answer)
        assert [option["label"] for option in mill.options(answer, MENU) if option.get("default")]
        with pytest.raises(NotOfferedError):
            await mill.press(answer, NEXT)


async def test_an_issue_without_title_day_and_page_is_read_too(town: Town) -> None:
    town.remove("april")
    town.remove("july")
    town.write("bare", "Just a line.\n")
    async with town.running() as mill:
        answer = await mill.call("latest")
        assert "Just a line." in mill.shown(answer)
        (choice,) = await mill.choices("issue", "issue", "")
        assert choice["name"]
        assert "Just a line." in mill.shown(await mill.call("issue", issue=choice["value"]))


async def test_of_several_newsletters_one_is_chosen(town: Town) -> None:
    folder = town.folder.parent / "bakery"
    folder.mkdir()
    (folder / "bread.md").write_text(
        "---\ntitle: Bread\ndate: 2026-07-31\n---\n\nFresh.\n\n## Jobs\n\n- [Baker](https://e.org) at Oven, Graz\n"
    )
    town.more = (
        f"  bakery:\n    source: {{directory: '{folder}', paths: ['*.md']}}\n"
        f"    announce: {{channel: {town.talk.id}, hold: 0s, max_age: null}}\n"
    )
    async with town.running() as mill:
        await mill.sync("bakery")
        assert "Fresh." in mill.shown(await mill.call("latest"))
        assert "July's Heat" in mill.shown(await mill.call("latest", newsletter="MILL"))
        names = [choice["name"] for choice in await mill.choices("issue", "issue", "")]
        assert names[0] == "Bread · Fri 31 Jul 2026 · bakery"
        assert [choice["value"] for choice in await mill.choices("latest", "newsletter", "ba")] == ["bakery"]
        assert "mill, bakery" in mill.shown(await mill.call("latest", newsletter="pub"))
        assert "mill, bakery" in mill.shown(await mill.call("subscribe"))
        assert "· bakery" in mill.shown(await mill.call("search", query="fresh"))
        assert "· bakery" not in mill.shown(await mill.call("search", query="fresh", newsletter="bakery"))
        assert "· mill" in mill.shown(await mill.call("events"))
        assert "Baker" in mill.shown(await mill.call("hiring"))
        assert "Miller" not in mill.shown(await mill.call("hiring"))
        assert "April's Wind" in mill.shown(await mill.call("hiring", newsletter="mill"))


async def test_an_empty_archive_says_so_and_one_that_is_still_being_filled_too(town: Town) -> None:
    town.remove("april")
    town.remove("july")
    commands = {"latest": {}, "issue": {"issue": "July"}, "events": {}, "hiring": {}, "search": {"query": "july"}}
    async with town.running(read=False) as mill:
        for command, options in commands.items():
            assert "do not know all of it yet" in mill.shown(await mill.call(command, **options)), command
        await mill.sync()
        for command, options in commands.items():
            assert "not know all of it yet" not in mill.shown(await mill.call(command, **options)), command
        assert mill.shown(await mill.call("latest")).startswith("The newsletter has no issue to read yet.")
        assert mill.shown(await mill.call("issue", issue="July")).startswith("The newsletter has no issue to read yet.")
        mill.opened.service.indexing.unread["mill"] = 3
        mill.write("april", APRIL)
        assert "do not know all of it yet" in mill.shown(await mill.call("latest"))


async def test_people_read_in_direct_messages_and_where_they_brought_the_bot_themselves(mill: Town) -> None:
    alone = mill.sandbox.create_dm(mill.ann)
    answer = await mill.call("latest", channel=alone)
    await mill.press(answer, NEXT)
    assert "The mill pond is low" in mill.shown(answer)
    mill.sandbox.install_for(mill.ann)
    pair = mill.sandbox.create_private_channel(mill.ann, mill.mo)
    elsewhere = mill.sandbox.create_guild("Elsewhere", with_bot=False)
    mill.sandbox.join(elsewhere, mill.ann)
    for place in (pair, mill.sandbox.create_channel(elsewhere, "hall")):
        for command, options in {"latest": {}, "search": {"query": "pond"}, "events": {}, "hiring": {}, "help": {}}.items():
            answer = await mill.call(command, channel=place, **options)
            assert mill.is_private(answer)
            assert mill.shown(answer)
        answer = await mill.call("latest", channel=place)
        await mill.press(answer, NEXT)
        assert "The mill pond is low" in mill.shown(answer)


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006000557bfabd4"
    "0000000049454e44ae426082"
)


async def test_pictures_that_are_uploaded_are_shown_to_readers_and_missed_when_they_are_gone(town: Town, tmp_path: Path) -> None:
    town.newsletter = "    images: {attach: true}\n"
    town.write("sails", "---\ntitle: Sails\ndate: 2026-07-31\n---\n\nSee.\n\n## New\n\n![A white sail](sail.png)\n")
    picture = tmp_path / "content" / "sail.png"
    picture.write_bytes(PIXEL)
    async with town.running() as mill:
        answer = await mill.call("latest")
        await mill.press(answer, NEXT)
        assert mill.files(answer) == {"sail.png": PIXEL}
        (message,) = answer.responses
        assert message.embeds[0]["image"]["url"].endswith("sail.png")
        assert message.embeds[0]["image"]["description"] == "A white sail"
        await mill.press(answer, "◀ Previous")
        assert mill.files(answer) == {}
        picture.unlink()
        await mill.press(answer, NEXT)
        assert mill.files(answer) == {}
        assert "New" in mill.shown(answer)
    async with town.running(read=False) as mill:
        answer = await mill.call("latest")
        await mill.press(answer, NEXT)
        assert "New" in mill.shown(answer)
