from town import Town

WHICH = "What issue is this?"

AUGUST = """---
title: August's *Calm*
date: 2026-08-01
---

Nothing stirs.

## News `and` more

The new stones are in.
"""


async def test_a_message_says_its_issue_section_page_and_file_and_opens_the_reader_there(mill: Town) -> None:
    mill.write("august", AUGUST)
    await mill.sync()
    cover, news = mill.sandbox.messages(mill.news)
    answer = await mill.call_on(WHICH, int(news["id"]))
    assert mill.is_private(answer)
    assert mill.shown(answer).split("\n") == [
        "August's \\*Calm\\*",
        "**Section:** News and more",
        "**Date:** Sat 1 Aug 2026",
        "**Newsletter:** mill",
        "**Page:** <https://example.org/issues/august>",
        "**File:** `august.md`",
    ]
    assert mill.labels(answer) == ["Read it here", "On the web"]
    await mill.press(answer, "Read it here")
    assert "The new stones are in." in mill.shown(answer)
    assert mill.labels(answer)[2] == "2 of 2"
    assert "**Section:** The beginning" in mill.shown(await mill.call_on(WHICH, int(cover["id"])))


async def test_other_messages_belong_to_no_issue(mill: Town) -> None:
    said = mill.sandbox.post_as(mill.ann, mill.talk, "July's Heat")
    answer = await mill.call_on(WHICH, said.id, channel=mill.talk)
    assert mill.shown(answer).startswith("This message is no part of an issue that I posted.")


async def test_a_message_of_an_issue_that_is_hidden_meanwhile_tells_nothing_of_it(mill: Town) -> None:
    mill.write("august", AUGUST)
    await mill.sync()
    _, news = mill.sandbox.messages(mill.news)
    number = mill.number("August's *Calm*")
    message = mill.news.messages[int(news["id"])]
    await mill.opened.archive.mark("mill", {"august.md": (number, False)})
    said = mill.shown(await mill.call_on(WHICH, message.id))
    assert said == "The issue that this message belonged to is not to be read any more."
    mill.remove("august")
    await mill.sync()
    mill.news.messages[message.id] = message
    said = mill.shown(await mill.call_on(WHICH, message.id))
    assert "August" not in said
    assert "no part of an issue" in said or "not to be read any more" in said


async def test_the_message_that_a_channel_elsewhere_follows_is_known_there_too(mill: Town) -> None:
    mill.write("august", AUGUST)
    await mill.sync()
    _, news = mill.sandbox.messages(mill.news)
    copy = mill.sandbox.post_as(mill.ann, mill.talk, "The new stones are in.")
    copy.flags |= 1 << 1  # IS_CROSSPOST
    copy.reference = {"type": 0, "channel_id": str(mill.news.id), "message_id": news["id"], "guild_id": str(mill.guild.id)}
    answer = await mill.call_on(WHICH, copy.id, channel=mill.talk)
    assert "August's" in mill.shown(answer)
