"""The schedule that a drug's label tells in words, as doses of an arm: days of a cycle, rests, infusions."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

_AMOUNT = re.compile(r"(?P<amount>\d[\d,.]*) (?P<unit>mg|g|ug)(?P<per>/kg|/m2)?(?![\w/])")
_OVER = re.compile(r"\bover (\d+)(?:(?: to |-)\d+)? (min|h)\b")
_ENDLESS = "continuous infusion"
_NUMBERS = {"three": 3, "four": 4, "five": 5}
_NUMBER = rf"(?:\d+|{'|'.join(_NUMBERS)})"
# What a cycle is told by: days that are named, or how many of how many.
_NAMED = re.compile(r"\bdays? (?P<days>\d+(?:-\d+| to \d+|(?:, \d+)*(?: and \d+)?)) of (?P<length>\d+)")
_FIRST_OF = re.compile(r"\b(?P<on>\d+) of (?P<length>\d+) days")
_ON_OFF = re.compile(r"\b(?P<on>\d+) days on, (?P<off>\d+)(?: days)? off")
_RUNNING = re.compile(rf"\b(?P<on>{_NUMBER}) days running, every (?P<length>\d+) days")
_WEEKS_OF = re.compile(rf"\bweekly\b.*?\b(?P<on>{_NUMBER}) weeks of (?P<length>{_NUMBER})")
_THRICE = re.compile(r"\bthree times a week\b")
_EVERY = re.compile(r"\bevery (?P<number>\d+) (?P<span>hour|day|week)s")
_DAILY = re.compile(r"\b(?P<often>once|twice) daily\b|\ba day\b|\bdaily\b")
_WEEKLY = re.compile(r"\bweekly\b")
_DOSES = re.compile(rf"\bfor (?:up to )?(?P<count>{_NUMBER}) doses")
_HOURS = {"hour": 1, "day": 24, "week": 168}


def schedule(label: str, duration: float) -> list[dict[str, Any]]:
    """Keys of the doses, but their drug, of the first schedule in a label; none where it tells no schedule.

    Args:
        label: such as "1.3 mg/m2 s.c. or i.v. on days 1, 4, 8, 11 of 21"; duration: of the run [min], after which no
            dose begins.
    """
    amounts = list(_AMOUNT.finditer(label))
    for here, following in zip_longest(amounts, amounts[1:]):
        clause = label[here.end() :].partition(";")[0]
        words = clause[: following.start() - here.end()] if following else clause
        times = _times(words)
        if times is None:
            continue
        begins, rest = times
        told = {"amount": f"{here['amount'].replace(',', '')} {here['unit']}{here['per'] or ''}"}
        if (over := _OVER.search(words) or _OVER.search(clause)) is not None:
            rest |= {"lasting": f"{over[1]} {over[2]}"}
        elif _ENDLESS in words:
            rest |= {"lasting": rest["every"]}
        return [
            told | ({"at": _in_words(hours)} if hours else {}) | rest
            for hours in begins
            if 60.0 * hours < duration
        ]
    return []


def _times(words: str) -> tuple[list[int], dict[str, str]] | None:
    """Hours at which doses of a cycle begin, and how they repeat; None where no schedule is told."""
    cycle = _cycle(words)
    daily = _DAILY.search(words)
    if cycle is not None:
        days, length = cycle
        within = (0, 12) if daily is not None and daily["often"] == "twice" else (0,)
        return [24 * (day - 1) + hour for day in days for hour in within], {"every": f"{length} d"}
    if (every := _EVERY.search(words)) is not None:
        hours = int(every["number"]) * _HOURS[every["span"]]
    elif daily is not None:
        hours = 12 if daily["often"] == "twice" else 24
    elif _WEEKLY.search(words):
        hours = 168
    else:
        return None
    repeated = {"every": _in_words(hours)}
    if (doses := _DOSES.search(words)) is not None:
        repeated["until"] = _in_words(hours * (_number(doses["count"]) - 1))
    return [0], repeated


def _cycle(words: str) -> tuple[list[int], int] | None:
    """Days of a cycle on which it is given, from 1, and how many days the cycle has."""
    if (found := _NAMED.search(words)) is not None:
        return _days(found["days"]), int(found["length"])
    if (found := _WEEKS_OF.search(words)) is not None:
        return [1 + 7 * week for week in range(_number(found["on"]))], 7 * _number(found["length"])
    if _THRICE.search(words):
        return [1, 3, 5], 7
    for pattern in (_FIRST_OF, _RUNNING, _ON_OFF):
        if (found := pattern.search(words)) is not None:
            on = _number(found["on"])
            length = on + int(found["off"]) if pattern is _ON_OFF else int(found["length"])
            return list(range(1, on + 1)), length
    return None


def _days(words: str) -> list[int]:
    """Days named as in "1, 4, 8", "1 and 8", "1-5" or "1 to 5"."""
    numbers = [int(number) for number in re.findall(r"\d+", words)]
    through = re.fullmatch(r"\d+(?:-| to )\d+", words)
    return list(range(numbers[0], numbers[1] + 1)) if through else numbers


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _in_words(hours: int) -> str:
    return f"{hours // 24} d" if hours % 24 == 0 else f"{hours} h"
