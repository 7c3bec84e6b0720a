"""The real command on a real repository against the sandbox."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from home import ISSUE, Home

from discord_sandbox.faults import Raw, Respond
from discord_sandbox.permissions import Permission
from heartbeat_bot.database.sqlite import exclusive


async def test_what_is_there_on_the_first_run_is_known_and_not_news(home: Home) -> None:
    assert await home.sync() == []
    assert home.texts() == []


async def test_a_new_issue_is_posted_once_and_a_second_pass_changes_nothing(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    requests = await home.sync()
    assert requests.count("PATCH") == 1  # the cover's jump links
    assert requests.count("POST") == 8  # a cover and three sections, each sent and published
    assert await home.sync() == []
    texts = home.texts()
    assert [("First Light" in texts[0]), ("lit" in texts[1]), ("evening" in texts[2]), ("hiring" in texts[3])] == [True] * 4


async def test_a_corrected_typo_makes_one_edit(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    await home.sync()
    home.write("new", ISSUE.replace("wellcome", "welcome"))
    assert await home.sync() == ["PATCH"]
    assert "welcome" in home.texts()[2]


async def test_an_issue_is_held_until_it_has_rested(home: Home) -> None:
    await home.sync(at="2026-03-02T08:01:00Z")
    home.write("new", ISSUE)
    assert await home.sync(at="2026-03-02T08:05:00Z") == []
    assert "held" in await home.run("issues")
    assert "POST" in await home.sync(at="2026-03-02T08:12:00Z")


@pytest.mark.parametrize(("dates", "posted"), [("day-first", True), ("month-first", False)])
async def test_the_setting_says_which_day_an_issue_is_of_and_so_whether_it_is_news(home: Home, dates: str, posted: bool) -> None:  # noqa: FBT001
    home.config.write_text(home.config.read_text().replace("    announce:", f"    dates: {dates}\n    announce:"))
    await home.sync()
    home.write("new", re.sub("date: .*", "date: 02/03/2026", ISSUE))  # the second of March, or February 3rd: too long ago
    assert ("POST" in await home.sync()) is posted


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    home.sandbox.log.clear()
    assert "would send cover" in await home.run("sync", "--dry-run", "--as-of", "2026-03-02T09:00:00Z")
    assert all(entry.method == "GET" for entry in home.sandbox.log)


async def test_a_mention_in_the_text_pings_nobody(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    await home.sync()
    assert not any(message["mention_everyone"] for message in home.sandbox.messages(home.channel))


async def test_the_doctor_finds_all_well(home: Home) -> None:
    assert "✗" not in await home.run("doctor")


async def test_the_doctor_says_which_commands_discord_will_refuse_and_finds_all_well_nevertheless(home: Home) -> None:
    readers = home.sandbox.create_role(home.guild, "readers")
    home.config.write_text(home.config.read_text().replace("hold: 10m", f"hold: 10m, ping_role: {readers.id}"))
    said = await home.run("doctor")
    assert "✓ lamp: /server-event needs the permission Create Events" in said
    assert "✓ lamp: /subscribe needs the permission Manage Roles" in said
    home.sandbox.own_role(home.guild).permissions |= Permission.MANAGE_ROLES | Permission.CREATE_EVENTS
    assert "needs" not in await home.run("doctor")
    home.sandbox.raise_role(home.guild, readers)
    assert "✓ lamp: /subscribe needs the bot's role above" in await home.run("doctor")
    del home.guild.roles[readers.id]
    assert f"there is no role {readers.id}" in await home.run("doctor")


async def test_what_moderators_are_told_in_is_looked_at_before_the_start_with_all_else_that_is_missing(home: Home) -> None:
    home.config.write_text(home.config.read_text() + "moderation: {channel: 123456789012345678}\n")
    home.sandbox.overwrite(home.channel, home.sandbox.own_role(home.guild), deny=int(Permission.EMBED_LINKS))
    said = await home.run("run", code=2, err=True)
    assert [line.split(": ")[1] for line in said.splitlines()] == ["moderation.channel", "lamp"]


async def test_a_second_run_on_the_same_state_ends_with_a_sentence_and_touches_nothing(home: Home) -> None:
    await home.sync()
    home.archive.write_bytes(b"it would be set aside")
    with exclusive(home.state, now=datetime.now(UTC)):
        assert f"in use by process {os.getpid()}" in await home.run("run", code=2, err=True)
    assert home.archive.read_bytes() == b"it would be set aside"


async def test_an_archive_that_cannot_be_a_file_is_said_before_the_start(home: Home) -> None:
    home.archive.mkdir()
    said = await home.run("run", code=2, err=True)
    assert said.startswith(f"heartbeat-bot: The archive {home.archive} cannot be used")
    assert len(said.splitlines()) == 1


async def test_a_broken_issue_is_a_finding_with_its_line_and_stops_no_other(home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: [\n---\nx\n")
    (tmp_path / "b.md").write_text("# Fine\n\ntext\n")
    out = await home.run("preview", "--format", "json", str(tmp_path / "a.md"), str(tmp_path / "b.md"), code=1)
    broken, fine = json.loads(out)
    assert broken["findings"][0]["line"]
    assert fine["messages"]


async def test_an_unknown_key_of_the_configuration_is_named_with_its_line(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace("announce:", "annouce:"))
    await home.run("sync", code=2)


async def test_the_doctor_says_that_discord_is_to_be_left_alone_and_asks_nothing(home: Home) -> None:
    ban = Raw(status=429, body=b"error code: 1015", content_type="text/plain", headers={"Via": None, "Retry-After": "600"})
    home.sandbox.faults.add("GET", "/users/@me", ban)
    assert "Discord asked to wait 0:10:00 before logging in" in await home.run("sync", code=2, err=True)
    home.sandbox.log.clear()
    assert re.search("Discord asked to wait 0:(10:00|0)", await home.run("doctor", code=1))
    assert home.sandbox.log == []
    assert "left alone until 2" in await home.run("status")
    (told,) = json.loads(await home.run("status", "--json"))["left_alone"]
    assert told["why"] == "Discord refuses all requests for now."


async def test_the_doctor_says_what_was_refused_not_long_ago_and_looks_anew(home: Home) -> None:
    await home.sync()
    home.write("new", ISSUE)
    home.sandbox.faults.add("POST", "/channels/*/messages", Respond(status=403, code=50013))
    home.config.write_text(home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null"))
    await home.run("sync", code=1)
    told = await home.run("doctor")
    assert "not long ago: Discord refused sending a message" in told
    assert "Discord is asked again after" in told


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154789c6300010000050001 0d0a2db40000000049454e44ae426082".replace(" ", "")
)


async def test_pictures_are_uploaded_from_the_source_and_what_cannot_be_is_linked_with_a_word(home: Home) -> None:
    home.config.write_text(
        home.config.read_text()
        .replace("    announce:", "    site_url: https://example.org/\n    images: {attach: true}\n    announce:")
        .replace("announcements", "announcements")
    )
    (home.repo / "static").mkdir()
    (home.repo / "static" / "a lamp.png").write_bytes(PIXEL)
    (home.repo / "static" / "plan.svg").write_text("<svg/>")
    (home.repo / "static" / "huge.png").write_bytes(PIXEL + bytes(3 << 20))
    await home.sync()
    pictures = (
        "![lamp](/a%20lamp.png)\n\n![lamp again](https://example.org/a%20lamp.png)\n\n![plan](/plan.svg)\n\n![huge](/huge.png)"
    )
    home.write("new", ISSUE.replace("The lamp is *lit*.", pictures))
    home.sandbox.log.clear()
    told = await home.run("sync", "--as-of", "2026-03-02T09:00:00Z")
    assert "huge.png" in told
    assert "linked, not uploaded" in told
    news = json.loads(home.texts()[1])
    images = [embed["image"]["url"] for embed in news["embeds"] if "image" in embed]
    assert ["/attachments/" in url for url in images] == [True, True, False]
    assert images[2] == "https://example.org/huge.png"
    assert await home.sync() == []


async def test_status_has_one_line_for_many_issues_that_wait_for_one_reason(home: Home) -> None:
    await home.sync()
    for number in range(8):
        home.write(f"new{number}", ISSUE.replace("First Light", f"Light {number}"))
    await home.sync(at="2026-03-02T09:30:00Z")
    (line,) = [line for line in (await home.run("status")).split("\n") if "waits" in line]
    assert line.startswith("  waits (8): Light 7, Light 6, Light 5 and 5 more: 8 new issues came at once")
    assert len(json.loads(await home.run("status", "--json"))["newsletters"][0]["waiting"]) == 8


async def test_status_says_that_a_pass_is_overdue(home: Home) -> None:
    await home.sync()
    assert "a pass is overdue" in await home.run("status")
    await home.sync(at=datetime.now(UTC).isoformat())
    assert "overdue" not in await home.run("status")


async def test_the_doctor_finds_a_database_that_is_damaged(home: Home) -> None:
    await home.sync()
    pages = bytearray(home.state.read_bytes())
    pages[2 * 4096 : 12 * 4096] = b"\xff" * 10 * 4096
    home.state.write_bytes(bytes(pages))
    said = await home.run("doctor", code=1)
    assert f"✗ The database {home.state} is damaged" in said
    assert "put a copy of it back" in said
    assert "is damaged" in await home.run("sync", code=2, err=True)
