"""What is brought from outside: by version and hash, built from nothing unknown, under licences that we have agreed to."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CI = ROOT / ".ci"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
COMMANDS = [
    line.strip()
    for path in (ROOT / "Makefile", CI / "run", CI / "uv", CI / "uv-sync", CI / "wheel", CI / "outdated")
    for line in path.read_text().replace("\\\n", " ").splitlines()
    if not line.lstrip().startswith("#") and "echo" not in line.split("#")[0].split("|")[0]
]
"""What the programs of make and CI run, less what they say."""


def test_uv_is_one_version_with_a_hash_for_every_platform_and_nothing_beside_it() -> None:
    lines = [line for line in (CI / "uv-requirements.txt").read_text().splitlines() if not line.startswith("#")]
    only_wheels, package, *hashes = lines
    assert only_wheels == "--only-binary :all:"
    assert re.fullmatch(r"uv==\d+\.\d+\.\d+ \\", package)
    assert len(hashes) > 10
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)


def test_every_package_of_the_lock_comes_from_the_index_as_a_wheel_with_its_hash() -> None:
    for name, package in PACKAGES.items():
        if package["source"] in ({"editable": "."}, {"directory": "discord_sandbox"}):
            assert name in {"heartbeat-bot", "discord-sandbox"}
        else:
            assert package["source"] == {"registry": "https://pypi.org/simple"}
            assert package["wheels"], f"{name} would be built here, by what is in no lock"
            assert all(file["hash"].startswith("sha256:") for file in package["wheels"])


def test_what_builds_the_project_is_in_the_lock() -> None:
    builders = {re.split(r"[^\w-]", line)[0] for line in PROJECT["build-system"]["requires"]}
    assert builders == {"hatchling"}
    assert {re.split(r"[^\w-]", line)[0] for line in PROJECT["dependency-groups"]["build"]} == {"editables", "hatchling"}
    assert {"editables", "hatchling"} <= PACKAGES.keys()


def test_nothing_is_installed_or_built_but_by_hash_or_from_this_folder() -> None:
    installing = [line for line in COMMANDS if re.search(r"\bpip install\b|\buv sync\b|\buv build\b|\buv export\b", line)]
    assert len(installing) >= 7
    for line in installing:
        hashes = (
            "--require-hashes" in line or "$options" in line or ("uv sync" in line and "--frozen" in line and "--no-build " in line)
        )
        here = "--no-deps" in line and ("--no-build-isolation" in line or "--offline" in line)
        built = "uv build" in line and "--no-build-isolation" in line
        assert hashes or here or built or ("uv export" in line and "--no-hashes" not in line), line
    assert any("options=" in line and "--require-hashes" in line for line in COMMANDS)
    assert not [
        line for line in COMMANDS if re.search(r"\bcurl\b|\bwget\b|\buvx\b|\bnpx?\b|\btool run\b|\buv run\b|git clone", line)
    ]


def test_the_workflow_may_only_read_and_uses_nobodys_action() -> None:
    for path in (ROOT / ".github" / "workflows").iterdir():
        text = path.read_text()
        assert "permissions:\n  contents: read\n" in text
        assert "write" not in text
        assert not [used for used in re.findall(r"uses: *(\S+)", text) if not re.search(r"@[0-9a-f]{40}$", used)]


LICENCES = [
    ("License-Expression: MIT", "MIT", True),
    ("License-Expression: MIT OR GPL-3.0-only", "MIT OR GPL-3.0-only", True),
    ("License-Expression: GPL-3.0-only OR (MIT AND ISC)", "GPL-3.0-only OR (MIT AND ISC)", True),
    ("License-Expression: MPL-2.0", "MPL-2.0", True),
    ("License-Expression: LGPL-3.0-or-later", "LGPL-3.0-or-later", True),
    ("License: MIT License\n        Copyright (c)", "MIT", True),
    ("Classifier: License :: OSI Approved :: Apache Software License", "Apache-2.0", True),
    ("License-Expression: MIT AND GPL-3.0-only", "MIT AND GPL-3.0-only", False),
    ("License-Expression: (MIT OR ISC) AND AGPL-3.0-only", "(MIT OR ISC) AND AGPL-3.0-only", False),
    ("License-Expression: (MIT", "(MIT", False),
    ("License-Expression: MIT ISC", "MIT ISC", False),
    ("License-Expression: GPL-3.0-only WITH Classpath-exception-2.0", "GPL-3.0-only WITH Classpath-exception-2.0", False),
    ("License: GPLv3", "GPLv3", False),
    ("License: Proprietary\nClassifier: License :: OSI Approved :: MIT License", "Proprietary", False),
    ("Classifier: License :: Other/Proprietary License", "Other/Proprietary License", False),
    ("Summary: says nothing", "none told", False),
]
"""What a package's metadata says, what is listed, and whether we have agreed to it."""


def test_a_licence_is_listed_and_one_that_is_not_agreed_to_is_named_with_what_to_do(tmp_path: Path) -> None:
    for number, (told, _, _) in enumerate(LICENCES):
        about = tmp_path / f"newcomer_{number}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: Newcomer_{number}\nVersion: 1.0\n{told}\n")
    ran = subprocess.run(
        [sys.executable, CI / "licences.py"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    listed = dict(re.findall(r"^(newcomer-\d+) +1\.0 +(.*)$", ran.stdout, flags=re.MULTILINE))
    refused = dict(re.findall(r"^Not an agreed licence: (newcomer-\d+): (.*)$", ran.stderr, flags=re.MULTILINE))
    assert listed == {f"newcomer-{number}": shown for number, (_, shown, _) in enumerate(LICENCES)}
    assert refused == {f"newcomer-{number}": shown for number, (_, shown, fine) in enumerate(LICENCES) if not fine}
    assert ran.returncode == 1
    assert "ALLOWED in .ci/licences.py" in ran.stderr
    assert PACKAGES.keys() - {"heartbeat-bot", "discord-sandbox"} <= {line.split()[0] for line in ran.stdout.splitlines()}
