"""What the documents say of the program is true."""

import re
import tomllib
from pathlib import Path

import click
import discord
import pytest

from heartbeat_bot.cli import main
from heartbeat_bot.discord import rest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table under a header row that begins with a word."""
    table = text[text.index(f"| {heading} |") :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def usage(command: click.Command) -> tuple[list[str], set[str]]:
    """Return how a command's arguments and options are written in a usage line."""
    arguments = [str(param.metavar) for param in command.params if isinstance(param, click.Argument)]
    options = {written(param) for param in command.params if isinstance(param, click.Option)}
    return arguments, options


def written(option: click.Option) -> str:
    name = max(option.opts, key=len)
    if option.is_flag:
        return f"[{name}]"
    values = "|".join(option.type.choices) if isinstance(option.type, click.Choice) else option.metavar
    return f"[{name} {values}]"


_CONTEXT = click.Context(main)
COMMANDS = {name: command for name in main.list_commands(_CONTEXT) if (command := main.get_command(_CONTEXT, name))}
TOLD = {row[0].strip("`").split()[0]: row for row in rows(README, "command")}


def test_the_readme_tells_of_every_command_and_of_no_other() -> None:
    assert list(TOLD) == list(dict.fromkeys(TOLD))
    assert set(TOLD) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_readme_tells_of_every_option_and_argument(name: str) -> None:
    told = TOLD[name][0].strip("`").removeprefix(name)
    options = re.findall(r"\[[^\]]*\]", told)
    arguments = re.sub(r"\[[^\]]*\]", "", told).split()
    assert (arguments, set(options)) == usage(COMMANDS[name])
    assert len(options) == len(set(options))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_has_a_sentence(name: str) -> None:
    assert (COMMANDS[name].help or "").split("\n")[0].endswith(".")
    assert [option.name for option in COMMANDS[name].params if isinstance(option, click.Option) and not option.help] == []
    assert all(TOLD[name][1:])


def test_the_readme_tells_of_the_options_before_the_command() -> None:
    below = README[README.index("| command |") :]
    for option in main.params:
        if isinstance(option, click.Option) and option.name != "version":
            assert any(f"`{name}" in below for name in option.opts), option.opts


def test_the_invitation_asks_for_exactly_the_permissions_that_the_outlet_needs() -> None:
    (told,) = re.findall(r"permissions=(\d+)", README)
    needed = discord.Permissions(**dict.fromkeys(rest._PERMISSIONS, True))  # noqa: SLF001 - what the outlet demands of a channel
    assert int(told) == needed.value


def test_the_readme_says_what_optional_permissions_are_for() -> None:
    (told,) = re.findall(r"Two more are optional;.*?\n\d\.", README, flags=re.DOTALL)
    assert set(rest.OPTIONAL_PERMISSIONS) <= set(discord.Permissions.VALID_FLAGS)
    for name in rest.OPTIONAL_PERMISSIONS.values():
        assert re.search(rf"{name} .*?for\s+`/[\w-]+`", told, flags=re.DOTALL), name


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {plain(re.match(r"[\w.-]+", line).group()) for line in project["dependencies"]}  # type: ignore[union-attr]
    explained = [plain(row[0]) for row in rows((ROOT / "docs" / "dependencies.md").read_text(), "package")]
    assert sorted(explained) == sorted(needed)


def plain(name: str) -> str:
    """Write a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_document_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def promised(page: str) -> str:
    """Return the part of a document that promises something."""
    text = (ROOT / "docs" / page).read_text()
    return text[text.index("## What is promised") : text.index("## What is not promised")]


PROMISES = {page: promised(page) for page in ("security.md", "weather.md")}


@pytest.mark.parametrize(("page", "least"), [("security.md", 40), ("weather.md", 15)])
def test_every_promise_of_a_page_names_its_test(page: str, least: int) -> None:
    promises = re.findall(r"^- .*?(?=^- |^#|\Z)", PROMISES[page], re.MULTILINE | re.DOTALL)
    assert len(promises) > least
    assert [promise for promise in promises if not re.search(r"`[\w/]+\.py::test_\w+`", promise)] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+\.py::\w+)`", "".join(PROMISES.values())))))
def test_the_test_of_a_promise_is_there(name: str) -> None:
    file, test = name.split("::")
    assert re.search(rf"^ *(?:async )?def {test}\(", (ROOT / "tests" / file).read_text(), re.MULTILINE), name
