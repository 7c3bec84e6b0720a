"""What the pages for those who change the code say of it is so: paths, words, and code that is quoted."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / name
    for name in ("CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/glossary.md", ".github/pull_request_template.md")
] + sorted((ROOT / "docs").glob("adding-*.md"))
_QUOTED = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"`((?:[\w.-]+/)+[\w.*-]*|[\w-]+\.(?:md|toml|lock|yaml)|Makefile)`")
_IN_THE_CODE = re.compile(r"`(\w+)` of `([\w/]+\.py)`")
_TARGET = re.compile(r"`make ([a-z]+)|^make ([a-z]+)", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_and_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    prose = _QUOTED.sub("", text)
    places = (ROOT, ROOT / "heartbeat_bot", *(ROOT / "tests" / "golden").iterdir())
    assert [name for name in _PATH.findall(prose) if not any(list(place.glob(name)) for place in places)] == []
    assert [link for link in _LINK.findall(prose) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_says_to_make_can_be_made(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {one or two for one, two in _TARGET.findall(page.read_text())} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_finds_in_the_code_is_defined_there(page: Path) -> None:
    for name, path in _IN_THE_CODE.findall(page.read_text()):
        defined = re.search(rf"^(?:class |def |async def ){name}\b|^{name}\b.* = ", (ROOT / path).read_text(), re.MULTILINE)
        assert defined, f"{page.name}: there is no {name} in {path}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.name.startswith("adding-")], ids=lambda page: page.name)
def test_code_that_a_page_quotes_stands_in_its_file(page: Path) -> None:
    quotations = _QUOTED.findall(page.read_text())
    assert quotations
    for path, quoted in quotations:
        there = (ROOT / path).read_text()
        for part in quoted.rstrip("\n").split("\n…\n"):
            assert f"\n{part}\n" in f"\n{there}\n", f"{page.name} quotes {path} as it is no more:\n{part}"


def test_the_contributing_page_leads_to_every_page_on_adding_something() -> None:
    links = _LINK.findall((ROOT / "CONTRIBUTING.md").read_text())
    assert {page.relative_to(ROOT).as_posix() for page in PAGES if page.name.startswith("adding-")} <= set(links)


def test_hooks_call_what_the_makefile_makes_and_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    assert all(hook["language"] == "system" and hook["entry"].startswith("make ") for hook in hooks[0]["hooks"])


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda form: form.stem)
def test_a_form_has_what_github_wants_of_one(form: Path) -> None:
    read = yaml.safe_load(form.read_text())
    fields = [field for field in read["body"] if field["type"] != "markdown"]
    assert read["name"]
    assert read["description"]
    assert len({field["id"] for field in fields}) == len(fields) > 1
    assert all(field["attributes"]["label"] for field in fields)


@pytest.mark.parametrize("package", tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]["include"])
def test_a_package_that_is_checked_says_that_it_has_types(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()
