"""Encodes and decodes: Base64, address, HTML, hexadecimal, binary, Morse, ROT13."""

import base64
import codecs
import html
import urllib.parse

from operations.result import Option, Result

TITLE = "Encode and decode"
ABOUT = "Base64, URL, HTML, hexadecimal, binary, Morse code and ROT13, both ways."
SAMPLE = "Hello world"
OPTIONS = {"form": Option("Form", "Base64", ("Base64", "URL", "HTML", "hexadecimal", "binary", "Morse", "ROT13")), "direction": Option("Direction", "encode", ("encode", "decode"))}
_MORSE = dict(zip("abcdefghijklmnopqrstuvwxyz0123456789", ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split()))
_LETTERS = {code: letter for letter, code in _MORSE.items()}
ENCODE = {
    "Base64": lambda text: base64.b64encode(text.encode()).decode(),
    "URL": urllib.parse.quote,
    "HTML": html.escape,
    "hexadecimal": lambda text: text.encode().hex(" "),
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "Morse": lambda text: " / ".join(" ".join(_MORSE[c] for c in word if c in _MORSE) for word in text.lower().split()),
    "ROT13": lambda text: codecs.encode(text, "rot13"),
}
DECODE = {
    "Base64": lambda text: base64.b64decode("".join(text.split()), validate=True).decode(),
    "URL": urllib.parse.unquote,
    "HTML": html.unescape,
    "hexadecimal": lambda text: bytes.fromhex(text).decode(),
    "binary": lambda text: bytes(int(byte, 2) for byte in text.split()).decode(),
    "Morse": lambda text: " ".join("".join(_LETTERS.get(code, "?") for code in word.split()) for word in text.split("/")),
    "ROT13": lambda text: codecs.encode(text, "rot13"),
}


def run(text: str, form: str = "Base64", direction: str = "encode") -> Result:
    try:
        made = (DECODE if direction == "decode" else ENCODE)[form](text)
    except (ValueError, OverflowError):
        return Result(note=f"This text is not valid {form}.")
    return Result(numbers={"Characters before": len(text), "Characters after": len(made)}, text=made)
