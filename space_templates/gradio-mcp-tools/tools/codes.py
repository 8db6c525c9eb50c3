"""Codes"""

import base64
import hashlib
import secrets
import urllib.parse
import uuid
from typing import Literal


def encode_text(text: str = "Hello world", form: Literal["base64", "url", "hex"] = "base64", direction: Literal["encode", "decode"] = "encode") -> str:
    """Encode or decode a text.

    Args:
        text: what to encode or decode.
        form: base64, url (percent encoding) or hex.
        direction: encode or decode.
    """
    try:
        if form == "url":
            return urllib.parse.quote(text) if direction == "encode" else urllib.parse.unquote(text)
        if direction == "encode":
            return base64.b64encode(text.encode()).decode() if form == "base64" else text.encode().hex()
        return (base64.b64decode(text, validate=True) if form == "base64" else bytes.fromhex(text)).decode()
    except ValueError:
        raise ValueError(f"This text is not valid {form}.") from None


def checksum(text: str = "Hello world", kind: Literal["sha256", "sha512", "sha1", "md5"] = "sha256") -> str:
    """Work out the checksum of a text as UTF-8, in hexadecimal.

    Args:
        text: the text.
        kind: which checksum.
    """
    return hashlib.new(kind, text.encode()).hexdigest()


def random_id(kind: Literal["uuid", "password", "number"] = "uuid", length: int = 16) -> str:
    """Make a random identifier that nobody can guess.

    Args:
        kind: uuid, password (letters and digits) or number.
        length: characters of a password or digits of a number, 4 to 64.
    """
    size = max(4, min(length, 64))
    if kind == "uuid":
        return str(uuid.uuid4())
    letters = "0123456789" if kind == "number" else "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(size))
