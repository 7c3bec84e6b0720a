from town import Town


def commands(mill: Town) -> dict[str, dict[str, object]]:
    return {command["name"]: command for command in mill.sandbox.commands.kept[None].values()}


async def test_help_lists_every_command_that_is_offered_where_one_asks(mill: Town) -> None:
    offered = commands(mill)
    members = [name for name, command in offered.items() if command["type"] == 1 and not command["default_member_permissions"]]
    moderators = [name for name, command in offered.items() if command["default_member_permissions"]]
    assert "latest" in members
    answer = await mill.call("help")
    assert mill.is_private(answer)
    said = mill.shown(answer)
    for name in members:
        assert f"</{name}:{offered[name]['id']}> — {offered[name]['description']}" in said
    assert "What issue is this?" in said
    assert "mill" in said
    assert "For moderators" not in said
    assert not any(f"/{name}:" in said for name in moderators)

    theirs = mill.shown(await mill.call("help", by=mill.mo))
    assert "For moderators" in theirs
    assert all(f"</{name}:{offered[name]['id']}>" in theirs for name in (*members, *moderators))


async def test_help_leaves_out_what_only_servers_with_the_bot_have(mill: Town) -> None:
    alone = mill.shown(await mill.call("help", channel=mill.sandbox.create_dm(mill.mo), by=mill.mo))
    mill.sandbox.install_for(mill.mo)
    elsewhere = mill.sandbox.create_guild("Elsewhere", with_bot=False)
    mill.sandbox.join(elsewhere, mill.mo)
    away = mill.shown(await mill.call("help", channel=mill.sandbox.create_channel(elsewhere, "hall"), by=mill.mo))
    for said in (alone, away):
        assert "/latest" in said
        assert "/subscribe" not in said
        assert "For moderators" not in said


async def test_a_command_of_an_earlier_version_is_answered(mill: Town) -> None:
    kept = mill.sandbox.commands.kept[None]
    number, latest = next((number, command) for number, command in kept.items() if command["name"] == "latest")
    kept[number] = {**latest, "name": "newest"}
    answer = await mill.call("newest")
    assert mill.shown(answer).startswith("The bot has changed since your Discord learned of this command.")
    assert mill.is_private(answer)
    kept[number] = {**latest, "options": [*latest["options"], {**latest["options"][0], "name": "section"}]}
    answer = await mill.call("latest", section="x")
    assert mill.shown(answer)
