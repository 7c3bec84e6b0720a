"""Findings as reports: for a terminal, for GitHub's annotations, for code scanners (SARIF)."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from heartbeat_bot.issues.model import Finding, Severity
from heartbeat_bot.issues.rules import RULES, Rule
from heartbeat_bot.printable import one_line

FORMATS: Final = ("text", "json", "github", "sarif")

_GITHUB: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_SARIF: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Found = Sequence[tuple[str, Finding]]
"""Findings, each with the path of its file."""


def finding_line(path: str, finding: Finding) -> str:
    """Write a finding in a line, as compilers do: file, line, severity, sentence, rule."""
    place = path if finding.line is None else f"{path}:{finding.line}"
    return one_line(f"{place}: {finding.severity.value}: {finding.message} [{finding.rule}]")


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding in the promised shape."""
    return {"rule": finding.rule, "severity": finding.severity.value, "line": finding.line, "message": finding.message}


def as_text_report(findings: Found, files: int) -> str:
    """Write a line per finding, as compilers do, and a sum."""
    lines = [finding_line(path, finding) for path, finding in findings]
    counts = Counter(finding.severity for _, finding in findings)
    said = ", ".join(
        f"{counts[severity]} {severity.value}{'s' if counts[severity] != 1 else ''}" for severity in Severity if counts[severity]
    )
    lines.append(f"{files} file{'s' if files != 1 else ''} checked: {said or 'nothing to say'}")
    return "\n".join(lines)


def as_github(findings: Found) -> str:
    """Write GitHub's workflow commands, which annotate the lines of a pull request."""
    return "\n".join(
        f"::{_GITHUB[finding.severity]} file={_property(path)}{f',line={finding.line}' if finding.line else ''},"
        f"title={_property(finding.rule)}::{_data(finding.message)}"
        for path, finding in findings
    )


def _data(text: str) -> str:
    return one_line(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return one_line(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace(":", "%3A").replace(",", "%2C"))


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.says},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": _SARIF[rule.severity]},
    }


def as_sarif(findings: Found, version: str) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log with one run."""
    results: list[dict[str, Any]] = []
    for path, finding in findings:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        results.append(
            {
                "ruleId": finding.rule,
                "level": _SARIF[finding.severity],
                "message": {"text": finding.message},
                "locations": [{"physicalLocation": place}],
            }
        )
    rules = [_sarif_rule(RULES[name]) for name in dict.fromkeys(finding.rule for _, finding in findings)]
    driver = {"name": "heartbeat-bot", "version": version, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
