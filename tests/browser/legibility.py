"""Whether text can be read: the contrast of every piece of text on a page, by the formula of WCAG 2.1.

https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio; level AA asks for 4.5, and 3 for large text and for marks.
"""

from __future__ import annotations

import re
from typing import Any

NORMAL, LARGE = 4.5, 3.0

# Every element with text of its own that is seen: its colour, the grounds below it from itself outwards, its size.
_TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element || element.closest("script, style, noscript, option")) continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const style = getComputedStyle(element);
    if (style.visibility === "hidden") continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
    found.push({
      text: text.slice(0, 40),
      colour: element.closest("svg") ? style.fill : style.color,
      grounds,
      size: parseFloat(style.fontSize),
      weight: parseInt(style.fontWeight, 10),
    });
  }
  return found;
}"""


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance of an sRGB colour in 0..255."""
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
        for share in (channel / 255.0 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Contrast ratio of two colours, from 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def channels(css: str) -> tuple[tuple[float, float, float], float]:
    """Colour and opacity of 'rgb(...)' or 'rgba(...)'."""
    numbers = [float(number) for number in re.findall(r"[\d.]+", css)]
    return (numbers[0], numbers[1], numbers[2]), numbers[3] if len(numbers) > 3 else 1.0


def too_faint(page: Any) -> tuple[list[str], int]:
    """Texts whose contrast is below AA, in words, and how many texts there are."""
    texts = page.evaluate(_TEXTS)
    faint = []
    for text in texts:
        ground = next(
            (channels(css)[0] for css in text["grounds"] if channels(css)[1] == 1.0), (255, 255, 255)
        )
        ratio = contrast(channels(text["colour"])[0], ground)
        large = text["size"] >= 24 or (text["size"] >= 18.66 and text["weight"] >= 700)
        if ratio < (LARGE if large else NORMAL):
            faint.append(f"{text['text']!r}: {ratio:.2f}")
    return faint, len(texts)
