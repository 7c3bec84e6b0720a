"""The database's address: one reading of it, and the places that follow."""

from pathlib import Path

import pytest

from heartbeat_bot.config.address import DatabaseAddress

ODD = ["what?", "a?b=c&d", "100%", "a%20b", "%3F", "a b", "a#b", "sqlite:", "é&'\"", "ü", "~ann", "a:b@c"]


@pytest.mark.parametrize("name", ODD)
def test_what_is_written_for_people_is_read_as_the_same_address(name: str) -> None:
    for file in (Path("/srv") / name / "x.db", Path(f"/srv/{name}.db"), Path("data") / name):
        address = DatabaseAddress(file)
        assert DatabaseAddress.parse(str(address)) == address


@pytest.mark.parametrize("name", ODD)
def test_what_lies_beside_a_database_lies_in_its_folder(name: str) -> None:
    folder = Path("/srv") / name
    address = DatabaseAddress(Path("x.db")).below(folder)
    assert [address.file, address.archive, address.cache] == [folder / "x.db", folder / "x-archive.db", folder / "x.cache"]
    assert address.folder == folder


@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("sqlite:///a.db", "a.db"),
        ("sqlite:////srv/a.db", "/srv/a.db"),
        ("sqlite:///a%20b.db", "a b.db"),
        ("sqlite:///a b#c.db", "a b#c.db"),
        ("sqlite:///100%/a.db", "100%/a.db"),
        ("sqlite:///what%3F/a.db", "what?/a.db"),
    ],
)
def test_an_address_names_a_file(written: str, file: str) -> None:
    assert DatabaseAddress.parse(written).file == Path(file)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("heartbeat.db", "not a database"),
        ("sqlite://", "not a database"),
        ("sqlite:///", "not a database"),
        ("sqlite:////", "not a database"),
        ("sqlite:///.", "not a database"),
        ("sqlite:///a/..", "not a database"),
        ("sqlite:///data/", "not a database"),
        ("sqlite:///a%00.db", "not a database"),
        ("sqlite:///a%0A.db", "not a database"),
        ("sqlite:///a%FF.db", "not a database"),
        ("sqlite:///a.db?mode=ro", "nothing may follow a '\\?'"),
        ("sqlite:///:memory:", "would forget what was posted"),
        ("postgresql://me:geheim@host/db", "PostgreSQL is not built yet"),
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(written: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        DatabaseAddress.parse(written)
    assert "geheim" not in str(caught.value)
