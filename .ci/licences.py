"""Lists the licence of every package in uv.lock, and fails on one that we have not agreed to.

A licence is what a package says of itself where it is installed: its SPDX expression, else its licence field, else its classifiers.
"""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

LOCK = Path(__file__).parent.parent / "uv.lock"
OURSELVES = {"heartbeat-bot", "discord-sandbox"}
ALLOWED = {
    # They ask for their notice to stay with them, and for little else.
    *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC", "MIT", "MIT-0"),
    *("PSF-2.0", "Python-2.0", "Unicode-3.0", "Unlicense", "Zlib"),
    # Their own files stay free, ours beside them are our own: we change none of theirs, and import or start them as they come.
    *("LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"),
}
SAME = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the mit license (mit)": "MIT",
}
"""What licences were called before SPDX."""
ELSEWHERE = {
    "audioop-lts": "PSF-2.0",  # from Python 3.13 on
    "atheris": "Apache-2.0",  # on Linux, for `make fuzz`
    "colorama": "BSD-3-Clause",  # on Windows
}
"""The licences of packages that are not installed here, read in their wheels."""


def main() -> int:
    """Print the table; return 1 when there is something to decide."""
    installed = {plain_name(found.metadata["Name"]): found for found in distributions()}
    locked = {package["name"]: package["version"] for package in tomllib.loads(LOCK.read_text())["package"]}
    refused: list[str] = []
    for name in sorted((locked.keys() | installed.keys()) - OURSELVES):
        found = installed.get(name)
        licence = licence_of(found) if found else ELSEWHERE.get(name, "not installed here")
        print(f"{name:26} {found.version if found else locked[name]:18} {licence}")
        if not is_allowed(licence):
            refused.append(f"{name}: {licence}")
    for line in refused:
        print(f"Not an agreed licence: {line}", file=sys.stderr)
    if refused:
        print(
            "Read what the package's own licence file asks of those who use and hand on this project. Where that is fine, add its SPDX "
            "name to ALLOWED in .ci/licences.py, or how the package writes it to SAME (one that is installed elsewhere: to ELSEWHERE); "
            "else take another package.",
            file=sys.stderr,
        )
    return 1 if refused else 0


def plain_name(name: str) -> str:
    """Return a package's name as uv.lock writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(package: Distribution) -> str:
    """Return an SPDX expression where the package tells as much."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return expression
    first_line = (about.get("License") or "").strip().partition("\n")[0].strip()
    classifiers = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    told = [SAME.get(words.lower(), words) for words in ([first_line] if first_line else classifiers)]
    return " AND ".join(told) or "none told"


def is_allowed(expression: str) -> bool:
    """Tell whether one may agree to an SPDX expression: of licences joined by OR one is enough, of those joined by AND all count."""
    words = re.findall(r"[()]|[^()\s]+", expression)
    position = 0

    def either() -> bool:
        nonlocal position
        fine = both()
        while position < len(words) and words[position].upper() == "OR":
            position += 1
            fine = both() or fine
        return fine

    def both() -> bool:
        nonlocal position
        fine = one()
        while position < len(words) and words[position].upper() == "AND":
            position += 1
            fine = one() and fine
        return fine

    def one() -> bool:
        nonlocal position
        if position == len(words):
            return False
        word = words[position]
        position += 1
        if word != "(":
            return word in ALLOWED
        fine = either()
        position += 1
        return fine and position <= len(words)

    # Words that are left over are no expression, or one with an exception (WITH): for people to read.
    return either() and position == len(words)


if __name__ == "__main__":
    sys.exit(main())
