from commands_table import README, in_readme, table_of
from town import Town


async def test_the_readme_tells_of_every_command_as_it_is(mill: Town) -> None:
    table = table_of(mill.opened.bot.tree)
    assert in_readme(README.read_text()) == table, "write it anew: .venv/bin/python tests/commands/commands_table.py"
