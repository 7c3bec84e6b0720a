from town import JULY, Town

from discord_sandbox.faults import Respond

NEXT = "Next ▶"

HOSTILE = [
    " ",
    "x" * 6000,
    "word " * 1200,
    "|" * 300,
    "\\" * 300,
    "||\\\\|p\\p pond",
    "**bold** [a](https://example.org) `code` > # -",
    "@everyone <@&1> <@1>",
    "%",
    "_",
    "'",
    '"',
    '"""" pond',
    "' OR 1=1; DROP TABLE texts; --",
    'NEAR("a" OR *) AND title:x ^ - {part_title}: *',
    "AND",
    "pond OR",
    "NOT",
    "-pond",
    "--pond",
    "- - -",
    "nul\0here pond",
    "\u202eevil",
    "🎉",
    "日本",
    "*",
]


async def test_the_section_that_says_it_is_found_with_an_excerpt_and_its_day(mill: Town) -> None:
    answer = await mill.call("search", query="pond low")
    assert mill.is_private(answer)
    assert mill.shown(answer).split("\n") == [
        "Search: pond low",
        "**[July's Heat › News](https://example.org/issues/july)** · Mon 6 Jul 2026",
        "> The mill **pond** is **low**. Ask @\u200beveryone for water.",
        "1 issue",
    ]


async def test_words_are_found_whatever_their_accents_case_and_number(mill: Town) -> None:
    async def found(query: str, **options: str) -> list[str]:
        said = mill.shown(await mill.call("search", query=query, **options))
        return [title for title in ("July's Heat", "April's Wind") if title in said]

    assert await found("CAFE") == ["April's Wind"]
    assert await found("łódź") == ["April's Wind"]
    assert await found("mills") == ["July's Heat", "April's Wind"] or await found("mills") == ["April's Wind", "July's Heat"]
    assert await found('"mill has"') == ["April's Wind"]
    assert await found('"has mill"') == []
    assert await found("mill -sails") == ["July's Heat"]
    assert await found("tutor") == ["July's Heat"]
    assert await found("heat", **{"in": "titles"}) == ["July's Heat"]
    assert await found("pond", **{"in": "titles"}) == []
    said = mill.shown(await mill.call("search", query="unheard"))
    assert said.startswith("Nothing was found for “unheard”. Try fewer or other words")
    assert "Type some words" in mill.shown(await mill.call("search", query="?!"))


async def test_a_find_leads_to_the_posted_message_while_it_is_there(mill: Town) -> None:
    mill.write(
        "august", "---\ntitle: August\ndate: 2026-08-01\n---\n\nHi.\n\n## News\n\nThe [granary](https://example.org/g) *is* full.\n"
    )
    await mill.sync()
    _, news = mill.sandbox.messages(mill.news)
    said = mill.shown(await mill.call("search", query="granary"))
    assert f"[August › News](https://discord.com/channels/{mill.guild.id}/{mill.news.id}/{news['id']})" in said
    assert "> The **granary** is full." in said
    mill.sandbox.delete_message(mill.news, int(news["id"]))
    assert "[August › News](https://example.org/issues/august)" in mill.shown(await mill.call("search", query="granary"))


async def test_an_answer_with_ten_finds_asks_discord_nothing(town: Town) -> None:
    town.announce += ", max_new_per_pass: 10"
    async with town.running() as mill:
        for n in range(10):
            mill.write(f"n{n}", f"---\ntitle: Number {n}\ndate: 2026-08-01\n---\n\nHi.\n\n## News\n\nThe granary of {n} is full.\n")
        await mill.sync()
        before = len(mill.sandbox.log)
        answer = await mill.call("search", query="granary")
        said = mill.shown(answer)
        await mill.press(answer, NEXT)
        said += mill.shown(answer)
        assert said.count(f"(https://discord.com/channels/{mill.guild.id}/{mill.news.id}/") == 10
        paths = [entry.path for entry in mill.sandbox.log[before:]]
        assert [path for path in paths if not path.startswith(("/webhooks/", "/interactions/"))] == []


async def test_a_find_leads_to_the_message_in_the_server_where_somebody_asks(town: Town) -> None:
    other = town.sandbox.create_guild("Other")
    hall = town.sandbox.create_channel(other, "hall")
    town.sandbox.join(other, town.ann)
    town.newsletter = f"    destinations: [{{channel: {hall.id}, {town.announce}}}]\n"
    async with town.running() as mill:
        mill.write("august", "---\ntitle: August\ndate: 2026-08-01\n---\n\nThe granary is full.\n")
        await mill.sync()
        for guild, channel, place in ((mill.guild, mill.news, mill.talk), (other, hall, hall)):
            assert f"/channels/{guild.id}/{channel.id}/" in mill.shown(await mill.call("search", query="granary", channel=place))


async def test_finds_are_paged_through_also_after_a_restart(town: Town) -> None:
    title = "Long *title* | with \\ everything 🎉 " * 9
    for n in range(22):
        town.write(
            f"n{n}",
            f"---\ntitle: '{n} {title}'\ndate: 2026-05-{1 + n:02}\n---\n\n{'Grain and 日本語 more. ' * 40}\n\n## {title}\n\nStraw.\n",
        )
    async with town.running() as mill:
        answer = await mill.call("search", query='"grain and" | \\ more', share=True)
        assert mill.labels(answer) == ["◀ Previous", "1 of 5", NEXT]
        assert "22 issues" in mill.shown(answer)
        theirs = await mill.press(answer, NEXT, by=mill.mo)
        assert mill.is_private(theirs)
        assert mill.labels(theirs)[1] == "2 of 5"
        assert mill.labels(answer)[1] == "1 of 5"
    async with town.running() as mill:
        for _ in range(4):
            await mill.press(answer, NEXT)
            mill.shown(answer)
        assert mill.labels(answer)[1] == "5 of 5"
        for n in range(10):
            mill.remove(f"n{n}")
        await mill.sync()
        await mill.press(theirs, NEXT)
        assert mill.labels(theirs)[1] == "3 of 3"
        await mill.press(answer, "◀ Previous")
        assert mill.labels(answer)[1] == "3 of 3"


async def test_whatever_is_typed_is_answered(town: Town) -> None:
    for n in range(7):
        town.write(f"n{n}", JULY.replace("The mill pond", f"A pond AND mill {n} %_'| \\ word word 日本"))
    async with town.running() as mill:
        for typed in HOSTILE:
            for where in ("all", "titles"):
                answer = await mill.call("search", query=typed, **{"in": where})
                said = mill.shown(answer)
                assert "gone wrong" not in said, typed
                assert "went wrong" not in said, typed
                assert mill.is_private(answer)
                if NEXT in mill.labels(answer):
                    await mill.press(answer, NEXT)
                    assert mill.labels(answer)[1].startswith("2 of"), typed


async def test_while_issues_are_still_being_read_a_search_says_that_there_may_be_more(mill: Town) -> None:
    mill.opened.service.indexing.unread["mill"] = 2
    assert "1 issue · I have not read all issues yet" in mill.shown(await mill.call("search", query="pond"))
    assert "not know all of it yet" in mill.shown(await mill.call("search", query="unheard"))


async def test_an_archive_that_breaks_says_when_to_ask_again_and_is_filled_anew(mill: Town) -> None:
    for name in ("heartbeat-archive.db", "heartbeat-archive.db-wal"):
        path = mill.state.with_name(name)
        if path.exists():
            path.write_bytes(b"\xde\xad\xbe\xef" * (path.stat().st_size // 4))
    answer = await mill.call("search", query="pond")
    assert mill.shown(answer) == "The archive was damaged and is being filled anew: ask again in a few minutes."
    assert mill.is_private(answer)
    await mill.sync()
    assert "The mill **pond** is low" in mill.shown(await mill.call("search", query="pond"))
    assert "July's Heat" in mill.shown(await mill.call("latest"))


async def test_a_refusal_of_discords_at_an_answer_is_told_with_a_reference(mill: Town) -> None:
    refused = Respond(status=400, code=50035, message="Invalid Form Body")
    mill.sandbox.faults.add("PATCH", "/webhooks/*/*/messages/@original", refused)
    answer = await mill.call("search", query="pond")
    said = mill.shown(answer)
    assert said.startswith("Something went wrong in the bot itself. It has been logged as ")
    assert mill.is_private(answer)
