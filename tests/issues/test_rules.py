"""The registry of rules, the code that emits them and docs/checks.md agree."""

import json
import re
from pathlib import Path

from heartbeat_bot.cli.checks import as_sarif
from heartbeat_bot.issues.model import Severity
from heartbeat_bot.issues.rules import RULES, finding

ROOT = Path(__file__).resolve().parents[2]
_EMITTED = re.compile(
    r"\bfinding\(\s*\"([a-z-]+)\"|\brule=\"([a-z-]+)\"|^    \"([a-z]+(?:-[a-z]+)*)\": \"(?=The |Discord )|return \"([a-z-]+)\"$",
    re.MULTILINE,
)
_ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \| (.*) \|$", re.MULTILINE)


def emitted() -> set[str]:
    """Return every name of a rule in the code, the registry aside."""
    names: set[str] = set()
    for path in (ROOT / "heartbeat_bot").rglob("*.py"):
        if "sandbox" in path.parts or path.name == "rules.py":
            continue
        names |= {name for match in _EMITTED.finditer(path.read_text()) for name in match.groups() if name}
    return names


def test_every_rule_that_the_code_emits_is_registered_and_the_other_way_round() -> None:
    assert {name for name in emitted() if name in RULES or "-" in name} >= set(RULES)
    sources = "\n".join(path.read_text() for path in (ROOT / "heartbeat_bot").rglob("*.py") if "sandbox" not in path.parts)
    literal = re.findall(r"\bfinding\(\s*\"([a-z-]+)\"|\bFinding\(\s*rule=\"([a-z-]+)\"", sources)
    assert {one or two for one, two in literal} <= set(RULES)


def test_every_rule_is_documented_as_it_is_registered_and_no_other() -> None:
    rows = {name: rest for name, *rest in _ROW.findall((ROOT / "docs" / "checks.md").read_text())}
    assert rows == {rule.name: [rule.severity.value, rule.says, rule.mend] for rule in RULES.values()}


def test_every_rule_explains_itself_in_sentences() -> None:
    for rule in RULES.values():
        assert rule.says.endswith(".")
        assert rule.mend.endswith(".")
        assert "|" not in rule.says + rule.mend


def test_sarif_describes_the_rules_it_uses_and_only_those() -> None:
    found = [("a.md", finding("mention", 3, "x")), ("a.md", finding("no-date", 1, "y")), ("b.md", finding("mention", 4, "z"))]
    log = as_sarif(found, "1.2.3")
    assert json.loads(json.dumps(log)) == log
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert rules == [
        {
            "id": name,
            "shortDescription": {"text": RULES[name].says},
            "help": {"text": RULES[name].mend},
            "defaultConfiguration": {"level": level},
        }
        for name, level in (("mention", "note"), ("no-date", "warning"))
    ]
    assert RULES["mention"].severity is Severity.INFO
