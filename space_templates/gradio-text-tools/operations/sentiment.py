"""Positive or negative, by a small list of English words with negation. Simple, quick and open to see."""

import re

from operations.result import Result

TITLE = "Sentiment"
ABOUT = "Positive or negative, by counting telling words. It shows which ones it counted."
SAMPLE = "The room was lovely and the staff were kind. Breakfast was not good, and the shower was broken."
OPTIONS = {}
_GOOD = (
    "amazing awesome beautiful best brilliant calm charming cheerful clean clear comfortable cool delicious delight delightful easy elegant enjoy enjoyed excellent exciting fair "
    "fantastic fast favorite favourite fine fresh friendly fun generous glad good gorgeous grateful great happy helpful impressive incredible kind like liked love loved lovely nice "
    "outstanding perfect pleasant pleased polite quick quiet recommend reliable satisfied smooth stunning super superb sweet terrific thank thanks useful warm welcome well wonderful worth"
).split()
_BAD = (
    "angry annoying awful bad boring broken bug buggy cold complain complaint confusing crash dangerous dead dirty disappointed disappointing disappointment disaster dislike dreadful "
    "expensive fail failed failure fake fault frustrating hate hated horrible ignored insult late lazy lost mess missing nasty never noisy pain painful poor problem regret rude sad scam "
    "scary sick slow smell stupid terrible tired ugly unfair unfriendly unhappy useless waste weak worse worst wrong"
).split()
_WEIGHTS = {**dict.fromkeys(_GOOD, 1), **dict.fromkeys(_BAD, -1)}
_NOT = frozenset("not no never hardly without isn't wasn't aren't weren't don't doesn't didn't can't couldn't won't".split())
_STRONG = frozenset("very really extremely so absolutely incredibly too".split())


def score(sentence: str) -> tuple[float, list[str]]:
    words = re.findall(r"[a-z]+(?:'[a-z]+)?", sentence.lower().replace("’", "'"))
    total, seen = 0.0, []
    for place, word in enumerate(words):
        weight = _WEIGHTS.get(word, 0)
        before = words[max(0, place - 3) : place]
        if weight:
            weight *= 1.5 if _STRONG & set(before[-1:]) else 1
            turned = bool(_NOT & set(before)) and word not in _NOT
            total += -weight if turned else weight
            seen.append(f"not {word}" if turned else word)
    return total, seen


def run(text: str) -> Result:
    sentences = [part.strip() for part in re.split(r"(?<=[.!?…])\s+|\n+|,\s*(?:but|and)\s", text) if re.search(r"\w", part)]
    scored = [(sentence, *score(sentence)) for sentence in sentences]
    total = sum(points for _, points, _ in scored)
    found = sum(len(seen) for _, _, seen in scored)
    verdict = "positive" if total > 0.5 else "negative" if total < -0.5 else "mixed" if found else "neutral"
    return Result(
        numbers={"Overall": verdict, "Points": f"{total:+.1f}", "Telling words": found},
        headers=("Sentence", "Points", "Because of"),
        rows=tuple((sentence, f"{points:+.1f}", ", ".join(seen)) for sentence, points, seen in scored),
        note="" if found else "No word of the list appears in this text.",
    )
