"""How many messages each of the shared newsletters takes, beside the fewest that its sections could take."""

import sys
from pathlib import Path

from corpus import composed, corpus_files

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "messages"))

from readers import bounds


def main() -> None:
    shared, files = corpus_files(sys.argv[1:])
    print("| newsletter | issues | sections | messages | lower bound | one above in |")
    print("|---|--:|--:|--:|--:|--:|")
    totals = [0, 0, 0, 0, 0]
    verbose = "-v" in sys.argv
    folders = sorted({path.parent for path in files})
    for folder in folders:
        row = [0, 0, 0, 0, 0]
        for path in (path for path in files if path.parent == folder):
            taken = list(bounds(composed(path)))
            messages, least = sum(count for _, count, _ in taken), sum(bound for *_, bound in taken)
            above = sum(count > bound for _, count, bound in taken)
            assert all(count <= bound + 1 for _, count, bound in taken), path
            row = [old + new for old, new in zip(row, (1, len(taken), messages, least, above), strict=True)]
            if verbose or above:
                names = ", ".join(f"{key} {count}/{bound}" for key, count, bound in taken if count > bound)
                print(f"| {path.relative_to(shared / 'corpus')} | | {len(taken)} | {messages} | {least} | {names} |")
        print(f"| **{folder.name}** | " + " | ".join(map(str, row)) + " |")
        totals = [old + new for old, new in zip(totals, row, strict=True)]
    print("| **all** | " + " | ".join(map(str, totals)) + " |")


if __name__ == "__main__":
    main()
