"""Turns a wording into what somebody may type: dressed, mistyped, spaced, and in some letter case."""

from __future__ import annotations

import re
from random import Random

_BEFORE = (
    "Please tell me:",
    "Please answer:",
    "Tell me,",
    "Can you tell me:",
    "Hello!",
    "Hi,",
    "Hey,",
    "Look at the picture.",
    "Look at this image.",
    "Look at the image carefully.",
    "Given the image, answer the question:",
    "Based on the image, answer the question.",
    "Based on the picture,",
    "Here is a picture.",
    "In this image,",
    "In the picture,",
    "Answer the question:",
    "Quick question:",
    "Now,",
    "So,",
    "OK,",
    "I wonder,",
    "I would like to know:",
    "User:",
    "Q:",
    "Question:",
)
_AFTER = (
    "Please answer.",
    "Please.",
    "Thanks!",
    "Thank you.",
    "Answer briefly.",
    "Answer shortly.",
    "Answer in one word.",
    "Be brief.",
    "Be precise.",
    "Keep it short.",
    "Answer:",
    "Short answer:",
    "A:",
    "Assistant:",
    "I need to know.",
    "Look carefully.",
)
_CHOICE = re.compile(r"\(([^()]*)\)")
_SPACES = re.compile(r" {2,}")


def expand(grammar: str, rng: Random) -> str:
    """One sentence of the grammar; nested choices are resolved from the inside."""
    while (choice := _CHOICE.search(grammar)) is not None:
        grammar = grammar[: choice.start()] + rng.choice(choice[1].split("|")) + grammar[choice.end() :]
    return _SPACES.sub(" ", grammar).strip()


def worded(grammars: tuple[str, ...], kind: str, words: dict[str, str], rng: Random) -> str:
    """A question in one of these wordings, with what people put around it, in one of four letter cases."""
    text = expand(rng.choice(grammars), rng).format(**words)
    if text and rng.random() < 0.5:
        text = _dressed(text, kind, rng)
    elif text:
        text += _mark(kind, rng)
    return _spaced(_cased(_slips(text, rng), rng), rng)


def _mark(kind: str, rng: Random) -> str:
    if kind == "describe":
        return rng.choice((".", ".", "", "", "?", "!", ":"))
    return rng.choice(("?", "?", "?", "?", "?", "", "", ".", " ?", "??", "!", "?!"))


def _dressed(text: str, kind: str, rng: Random) -> str:
    if rng.random() < 0.2:
        after = rng.choice(("Short answer:", "Answer:", "Short Answer:", "A:", ""))
        return f"{rng.choice(('Question:', 'Question:', 'Q:'))} {text}{_mark(kind, rng)} {after}"
    if rng.random() < 0.55:
        text = f"{rng.choice(_BEFORE)} {text if rng.random() < 0.4 else text[0].lower() + text[1:]}"
    text += _mark(kind, rng)
    return f"{text} {rng.choice(_AFTER)}" if rng.random() < 0.35 else text


_ARTICLES = re.compile(r"\b(the|a|an|is|are) ", re.IGNORECASE)


def _slips(text: str, rng: Random) -> str:
    """Now and then a missing article, a doubled space, a stray word or a mistyped letter."""
    draw = rng.random()
    if draw < 0.04:
        return _ARTICLES.sub("", text)
    words = text.split(" ")
    place = rng.randrange(len(words))
    if draw < 0.06:
        words[place] += " "
    elif draw < 0.09:
        stray = "".join(rng.choice("etaoinshrdlcumwfgypbvk") for _ in range(rng.randint(1, 7)))
        words.insert(rng.choice((0, len(words))), stray)
    elif draw < 0.11 and len(words[place]) > 4:
        cut = rng.randrange(1, len(words[place]) - 1)
        words[place] = words[place][:cut] + words[place][cut + 1 :]
    return " ".join(words)


def _cased(text: str, rng: Random) -> str:
    draw = rng.random()
    if draw < 0.4:
        return text
    if draw < 0.6:
        return text.lower()
    return text.upper() if draw < 0.8 else text.title()


def _spaced(text: str, rng: Random) -> str:
    if rng.random() < 0.85:
        return text
    return rng.choice(("", " ", "  ", "\n")) + text + rng.choice(("", " ", "  ", "\n"))
