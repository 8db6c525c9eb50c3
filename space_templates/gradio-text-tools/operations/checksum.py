"""Checksums of a text, to see whether two copies are the same."""

import hashlib

from operations.result import Option, Result

TITLE = "Checksum"
ABOUT = "SHA-256, SHA-1, MD5 and others of the text as UTF-8."
SAMPLE = "The same text gives the same checksum."
OPTIONS = {"expected": Option("Compare with", "")}
_KINDS = ("sha256", "sha512", "sha1", "md5", "blake2b")


def run(text: str, expected: str = "") -> Result:
    rows = tuple((kind, hashlib.new(kind, text.encode()).hexdigest()) for kind in _KINDS)
    wanted = (expected or "").strip().lower()
    match = next((kind for kind, value in rows if value == wanted), None)
    numbers = {"Bytes": len(text.encode())}
    if wanted:
        numbers["Same as given"] = f"yes ({match})" if match else "no"
    return Result(numbers=numbers, headers=("Kind", "Checksum"), rows=rows)
