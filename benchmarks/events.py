"""Events and jobs found in real newsletters against what people read there (tests/truth): precision, recall, and how many days are right.

The issues above the line are those that the rules were made with; the ones below were labelled when the rules were done.
"""

import sys
from pathlib import Path

from corpus import corpus_files

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "issues"))

from truth import tallies, truths


def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    shared, _ = corpus_files(arguments)
    print(f"{'issues':9} {'items':10} {'there':>5} {'found':>5} {'precision':>9} {'recall':>7}  right in what was found")
    for name, held_out in (("training", False), ("held out", True)):
        issues = truths(held_out)
        for kind, tally in tallies(issues, shared / "corpus").items():
            details = "  ".join(f"{detail} {tally.share(detail):.1%}" for detail in tally.asked)
            row = f"{name:9} {kind:10} {tally.expected:5} {tally.found:5} {tally.precision:9.1%} {tally.recall:7.1%}  {details}"
            print(row.rstrip())
            if "-v" in sys.argv:
                print("".join(f"    {slip}\n" for slip in tally.slips), end="")


if __name__ == "__main__":
    main()
