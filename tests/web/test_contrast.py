"""Whether everything that is written can be read: the colours of the design system, light and dark."""

import re
from itertools import product

import pytest

from frontdesk.web.desk import ASSETS

READABLE = 4.5
"""Of text to what is behind it. Source: WCAG 2.2 §1.4.3, level AA."""

SEEN = 3.0
"""Of what is no text: focus rings, edges of what is drawn. Source: §1.4.11."""

BACKGROUNDS = ("ground", "card", "sunk")
TONES = ("ok", "bad", "warn", "run", "caught")
NOTICES = tuple(f"{tone}-soft" for tone in TONES[:4])

PAIRS = [
    *product(("text", "soft", "faint", "accent"), BACKGROUNDS),
    *product(("text", "accent"), NOTICES),
    *product(TONES, BACKGROUNDS),
    *((tone, f"{tone}-soft") for tone in TONES),
    *(("card", tone) for tone in (*TONES, "idle")),
    ("idle", "card"),
    ("soft", "idle-soft"),
    ("text", "warn-soft"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
]
"""Text, and what it stands on."""


def themes():
    """Read the tokens: of the light theme, the dark one that was chosen, the dark one of the system."""
    style = ASSETS["fd.css"].decode()
    light = style.partition(":root {")[2].partition("}")[0]
    chosen = style.partition(':root[data-theme="dark"] {')[2].partition("}")[0]
    system = style.partition(':root:not([data-theme="light"]) {')[2].partition("}")[0]
    told = {"light": light, "dark": chosen, "dark of the system": system}
    return {name: dict(re.findall(r"--([\w-]+): (#\w{6});", text)) for name, text in told.items()}


THEMES = themes()


def luminance(colour):
    """Source: WCAG 2.2, "relative luminance"."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(theme):
    tokens = THEMES[theme]
    found = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_focus_is_seen(theme):
    tokens = THEMES[theme]
    assert all(contrast(tokens["accent"], tokens[behind]) >= SEEN for behind in BACKGROUNDS)


def test_both_ways_to_the_dark_theme_lead_to_the_same():
    assert len(THEMES["dark"]) > 20
    assert THEMES["dark"] == THEMES["dark of the system"]
    assert THEMES["dark"].keys() == THEMES["light"].keys()


def test_black_on_white_is_known():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
