"""Path patterns matched by trying everything: what the quick matcher is compared with."""

from functools import cache


def slowly(pattern: str, path: str) -> bool:
    """Tell whether a pattern (of letters, ?, * and **) takes a path in, by trying everything."""
    names = tuple(path.split("/"))

    @cache
    def name(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(name(pattern[1:], text[n:]) for n in range(len(text) + 1))
        return bool(text) and pattern[0] in {"?", text[0]} and name(pattern[1:], text[1:])

    @cache
    def rest(parts: tuple[str, ...], names: tuple[str, ...]) -> bool:
        if not parts:
            return not names
        if parts[0] == "**":
            if len(parts) == 1:
                return bool(names) and not any(one.startswith(".") for one in names)
            skipped = next((n for n, one in enumerate(names) if one.startswith(".")), len(names))
            return any(rest(parts[1:], names[n:]) for n in range(skipped + 1))
        if not names or not names[0] or (names[0].startswith(".") and not parts[0].startswith(".")):
            return False
        return name(parts[0], names[0]) and rest(parts[1:], names[1:])

    return rest(tuple(pattern.split("/")), names)
