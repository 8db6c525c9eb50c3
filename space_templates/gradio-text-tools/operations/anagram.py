"""Letters of a text: how often each appears, palindromes, anagrams, the text backwards."""

from collections import Counter, defaultdict

from operations.result import Result

TITLE = "Letters and anagrams"
ABOUT = "Letter frequency, palindromes, anagrams among the lines, and the text backwards."
SAMPLE = "listen\nsilent\nlevel\nNever odd or even"
OPTIONS = {}


def letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def run(text: str) -> Result:
    lines = [line.strip() for line in text.splitlines() if letters(line)]
    groups = defaultdict(list)
    for line in lines:
        groups["".join(sorted(letters(line)))].append(line)
    palindromes = [line for line in lines if len(letters(line)) > 1 and letters(line) == letters(line)[::-1]]
    anagrams = [" = ".join(group) for group in groups.values() if len(group) > 1]
    counts = Counter(c for c in letters(text))
    return Result(
        numbers={"Letters": sum(counts.values()), "Palindromes": len(palindromes), "Anagrams": len(anagrams)},
        text="\n".join(line[::-1] for line in text.splitlines()),
        headers=("Found", "What"),
        rows=(*(("palindrome", line) for line in palindromes), *(("anagram", pair) for pair in anagrams), *((f"letter {c}", count) for c, count in counts.most_common())),
    )
