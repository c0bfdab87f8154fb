"""Owns the methods of Java's List, Map, numbers and truth values, and of what #foreach tells of itself."""

from collections.abc import Callable
from typing import Any, Final

from frontdesk.rules.lang.vtl.kinds import JavaError, Kind, Kinds, methods
from frontdesk.rules.lang.vtl.meter import Meter
from frontdesk.rules.lang.vtl.strings import STRING
from frontdesk.rules.lang.vtl.values import ArrayList, Entry, equal, is_number, text_of


class Loop:
    """What `$foreach` tells inside a loop. size: of the whole. parent: the `$foreach` around it."""

    __slots__ = ("index", "parent", "size")

    def __init__(self, size: int, parent: Any) -> None:
        self.index = 0
        self.size = size
        self.parent = parent


_LOOP: Final[dict[str, Callable[[Loop], Any]]] = {
    "count": lambda loop: loop.index + 1,
    "first": lambda loop: loop.index == 0,
    "hasNext": lambda loop: loop.index + 1 < loop.size,
    "index": lambda loop: loop.index,
    "last": lambda loop: loop.index + 1 == loop.size,
    "parent": lambda loop: loop.parent,
}
_ENTRY: Final[dict[str, Callable[[Entry], Any]]] = {
    "key": lambda entry: entry.key,
    "value": lambda entry: entry.value,
}


def _properties(table: dict[str, Callable[[Any], Any]]) -> Callable[[Any, Any], Any]:
    def get(value: Any, name: Any) -> Any:
        read = table.get(name) if isinstance(name, str) else None
        return read(value) if read else None

    return get


def key_of(key: Any, meter: Meter | None = None) -> Any:
    """Make a key of a map from a value; what cannot be one is taken by its text."""
    if isinstance(key, str | int | float) or key is None:
        return key
    return text_of(key, meter) if meter else None


def _item(items: list[Any], index: Any) -> Any:
    """Return `$items[index]`, null where there is none; below 0 counts from the end."""
    # Differs: [missing-index] null, as every undefined reference; Velocity 1.7 raises.
    if type(index) is int and -len(items) <= index < len(items):
        return items[index]
    return not items if index == "empty" else None


def _put_item(items: list[Any], index: Any, value: Any) -> None:
    items[_place(items, index)] = value


def _place(items: list[Any], index: Any, *, end: int = 0) -> int:
    if type(index) is not int or not 0 <= index < len(items) + end:
        raise JavaError(f"index out of range, of a list of {len(items)}: {index}")
    return index


def _add(_meter: Meter, items: list[Any], value: Any) -> bool:
    items.append(value)
    return True


def _insert(meter: Meter, items: list[Any], index: int, value: Any) -> None:
    meter.spend(len(items) // 16)
    items.insert(_place(items, index, end=1), value)


def _add_all(meter: Meter, items: list[Any], others: list[Any]) -> bool:
    meter.spend(len(others))
    items.extend(list(others))
    return bool(others)


def _set(_meter: Meter, items: list[Any], index: int, value: Any) -> Any:
    former = items[_place(items, index)]
    items[index] = value
    return former


def _remove(meter: Meter, items: list[Any], value: Any) -> Any:
    """Remove the item at an index and return it; or a value, and tell whether it was there."""
    meter.spend(len(items) // 16)
    if type(value) is int:
        return items.pop(_place(items, value))
    index = _index_of(meter, items, value)
    if index >= 0:
        del items[index]
    return index >= 0


def _index_of(meter: Meter, items: list[Any], value: Any) -> int:
    for index, item in enumerate(items):
        meter.spend(1)
        if type(item) is type(value) and equal(item, value, meter):
            return index
    return -1


def _last_index_of(meter: Meter, items: list[Any], value: Any) -> int:
    found = _index_of(meter, items[::-1], value)
    return len(items) - 1 - found if found >= 0 else -1


def _keep(meter: Meter, items: list[Any], others: list[Any], *, listed: bool) -> bool:
    """Keep the items that are listed among others, or those that are not; tell whether any has gone."""
    kept = [one for one in items if (_index_of(meter, others, one) >= 0) is listed]
    changed = len(kept) < len(items)
    items[:] = kept
    return changed


def _sub_list(_meter: Meter, items: list[Any], begin: int, end: int) -> ArrayList:
    if not 0 <= begin <= end <= len(items):
        raise JavaError(f"subList({begin}, {end}) of a list of {len(items)}")
    _meter.spend(end - begin)
    return ArrayList(items[begin:end])


def _clear(_meter: Meter, value: dict[Any, Any] | list[Any]) -> None:
    value.clear()


LIST: Final = Kind(
    get=_item,
    put=_put_item,
    items=lambda items: items,
    methods=methods(
        ("add", _add, object),
        ("add", _insert, int, object),
        ("addAll", _add_all, list),
        ("clear", _clear),
        ("contains", lambda m, x, value: _index_of(m, x, value) >= 0, object),
        ("containsAll", lambda m, x, y: all(_index_of(m, x, one) >= 0 for one in y), list),
        ("equals", lambda m, x, other: isinstance(other, list) and equal(x, other, m), object),
        ("get", lambda _, x, index: x[_place(x, index)], int),
        ("indexOf", _index_of, object),
        ("isEmpty", lambda _, x: not x),
        ("lastIndexOf", _last_index_of, object),
        ("remove", _remove, object),
        ("removeAll", lambda m, x, y: _keep(m, x, y, listed=False), list),
        ("retainAll", lambda m, x, y: _keep(m, x, y, listed=True), list),
        ("set", _set, int, object),
        ("size", lambda _, x: len(x)),
        ("subList", _sub_list, int, int),
        ("toString", lambda m, x: text_of(x, m)),
    ),
)


def _counted(meter: Meter, values: Any) -> ArrayList:
    meter.spend(len(values))
    return ArrayList(values)


def _entries(meter: Meter, items: dict[Any, Any]) -> ArrayList:
    meter.spend(len(items))
    return ArrayList([Entry(key, value) for key, value in items.items()])


def _put(meter: Meter, items: dict[Any, Any], key: Any, value: Any) -> Any:
    key = key_of(key, meter)
    former = items.get(key)
    items[key] = value
    return former


def _put_absent(meter: Meter, items: dict[Any, Any], key: Any, value: Any) -> Any:
    former = items.get(key_of(key, meter))
    return _put(meter, items, key, value) if former is None else former


def _replace(meter: Meter, items: dict[Any, Any], key: Any, value: Any) -> Any:
    return _put(meter, items, key, value) if key_of(key, meter) in items else None


def _put_all(meter: Meter, items: dict[Any, Any], others: dict[Any, Any]) -> None:
    meter.spend(len(others))
    items.update(others)


def _put_member(items: dict[Any, Any], key: Any, value: Any) -> None:
    items[key_of(key)] = value


MAP: Final = Kind(
    get=lambda items, key: items.get(key_of(key)),
    put=_put_member,
    items=lambda items: items.values(),
    methods=methods(
        ("clear", _clear),
        ("containsKey", lambda m, x, key: key_of(key, m) in x, object),
        (
            "containsValue",
            lambda m, x, value: _index_of(m, _counted(m, x.values()), value) >= 0,
            object,
        ),
        ("entrySet", _entries),
        ("equals", lambda m, x, other: isinstance(other, dict) and equal(x, other, m), object),
        ("get", lambda m, x, key: x.get(key_of(key, m)), object),
        ("getOrDefault", lambda m, x, key, other: x.get(key_of(key, m), other), object, object),
        ("isEmpty", lambda _, x: not x),
        ("keySet", lambda m, x: _counted(m, x.keys())),
        ("put", _put, object, object),
        ("putAll", _put_all, dict),
        ("putIfAbsent", _put_absent, object, object),
        ("remove", lambda m, x, key: x.pop(key_of(key, m), None), object),
        ("replace", _replace, object, object),
        ("size", lambda _, x: len(x)),
        ("toString", lambda m, x: text_of(x, m)),
        ("values", lambda m, x: _counted(m, x.values())),
    ),
)


def _parsed(read: Callable[[str], Any]) -> Callable[[Meter, Any, str], Any]:
    def parse(_meter: Meter, _number: Any, text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise JavaError(f"not a number: {text[:40]}") from error

    return parse


def _integer(text: str) -> int:
    if len(text) > 20 or not text.lstrip("+-").isdecimal() or not text.isascii():
        raise ValueError(text)
    return int(text)


def _whole(_meter: Meter, number: Any) -> int:
    try:
        return int(number)
    except (OverflowError, ValueError) as error:
        raise JavaError(f"not a whole number: {number}") from error


def _compared(_meter: Meter, one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


_NUMBER: Final = methods(
    ("compare", lambda m, _, one, other: _compared(m, one, other), int | float, int | float),
    ("compareTo", _compared, int | float),
    ("doubleValue", lambda _, x: float(x)),
    ("equals", lambda _, x, other: is_number(other) and x == other, object),
    ("floatValue", lambda _, x: float(x)),
    ("intValue", _whole),
    ("longValue", _whole),
    ("max", lambda _, _x, one, other: max(one, other), int | float, int | float),
    ("min", lambda _, _x, one, other: min(one, other), int | float, int | float),
    ("parseDouble", _parsed(float), str),
    ("parseInt", _parsed(_integer), str),
    ("parseLong", _parsed(_integer), str),
    ("toString", lambda m, x: text_of(x, m)),
)

JAVA: Final[Kinds] = {
    str: STRING,
    list: LIST,
    ArrayList: LIST,
    dict: MAP,
    int: Kind(methods=_NUMBER | methods(("valueOf", _parsed(_integer), str))),
    float: Kind(methods=_NUMBER | methods(("valueOf", _parsed(float), str))),
    bool: Kind(
        methods=methods(
            ("booleanValue", lambda _, x: x),
            ("equals", lambda _, x, other: x is other, object),
            ("parseBoolean", lambda _, _x, text: text.lower() == "true", str),
            ("toString", lambda m, x: text_of(x, m)),
        )
    ),
    Entry: Kind(
        get=_properties(_ENTRY),
        methods=methods(
            ("getKey", lambda _, x: x.key),
            ("getValue", lambda _, x: x.value),
            ("toString", lambda m, x: text_of(x, m)),
        ),
    ),
    Loop: Kind(
        get=_properties(_LOOP),
        methods=methods(
            ("getCount", lambda _, x: x.index + 1),
            ("getIndex", lambda _, x: x.index),
            ("hasNext", lambda _, x: x.index + 1 < x.size),
            ("isFirst", lambda _, x: x.index == 0),
            ("isLast", lambda _, x: x.index + 1 == x.size),
        ),
    ),
}
"""What templates can do with values of Java's types."""
