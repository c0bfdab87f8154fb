"""Owns how a raw query string is read: `&` separates, `+` is a blank, percent-triplets are UTF-8."""

from urllib.parse import unquote_plus


def pairs(query: str) -> list[tuple[str, str]]:
    """Decode a raw query into its (name, value) pairs, in order; a name without `=` has the value ""."""
    found = []
    # Differs: [semicolons] AWS's REST APIs end a parameter at a `;`, too.
    for item in query.split("&"):
        if item:
            name, _, value = item.partition("=")
            if "%" in item or "+" in item:
                name, value = unquote_plus(name), unquote_plus(value)
            found.append((name, value))
    return found


def joined(query: str) -> dict[str, str]:
    """Decode a raw query into one value per name; the values of a repeated name joined with `,`."""
    values: dict[str, str] = {}
    for name, value in pairs(query):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
