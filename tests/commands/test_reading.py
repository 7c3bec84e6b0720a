from town import Town


async def test_the_latest_issue_is_read_where_one_asks(mill: Town) -> None:
    answer = await mill.call("latest")
    assert "July's Heat" in mill.shown(answer)
    assert mill.is_private(answer)


async def test_pages_are_turned_in_place(mill: Town) -> None:
    answer = await mill.call("latest")
    await mill.press(answer, "Next ▶")
    assert "The mill pond is low" in mill.shown(answer)
