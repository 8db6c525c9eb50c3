"""How many tokens a conversation is: an estimate, said to be one, put right by what upstreams report.

No tokenizer is loaded: there are as many as model families, the one library that knows them takes 2.5 seconds to import
and downloads its vocabularies, and a chat may change its model with every turn. Characters per token by kind of text,
as common vocabularies have them: prose 4, code 3.3, JSON and other dense text 2.8, scripts with letters 2.2, and a
Chinese, Japanese or Korean character is a token. What is left of the error is the ratio `calibrated` keeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.agent.values import Message, Tool

PICTURE = 1_000  # a picture of a page; upstreams count 85 to 1,600 for one
_MESSAGE = 4  # the marks around each message
_PROSE, _CODE, _DENSE, _LETTERS = 4.0, 3.3, 2.8, 2.2
_SAMPLE = 4_000
# First bytes of UTF-8: of East Asian scripts and emoji (U+3000 and up), and of every character that is not ASCII.
_WIDE = bytes((*range(0xE3, 0xF5),))
_FIRST = bytes((*range(0xC2, 0xF5),))
_MARKS = {ord(mark): None for mark in "{}[]()<>=_;:\"'`/\\|#$%&*+-@^~,0123456789"}
LEAST, MOST = 0.5, 2.0


def estimate_text(text: str) -> int:
    """Tokens of a text, estimated."""
    if not text:
        return 0
    wide = other = 0
    if not text.isascii():
        raw = text.encode("utf-8", "replace")
        wide = len(raw) - len(raw.translate(None, _WIDE))
        other = len(raw) - len(raw.translate(None, _FIRST)) - wide
    plain = len(text) - wide - other
    return int(wide + other / _LETTERS + plain / _each(text)) + 1


def _each(text: str) -> float:
    """Characters a token of the ASCII part has: the share of marks and figures tells prose from code and JSON."""
    sample = text if len(text) <= 2 * _SAMPLE else text[:_SAMPLE] + text[-_SAMPLE:]
    marks = (len(sample) - len(sample.translate(_MARKS))) / len(sample)
    return _PROSE if marks < 0.1 else _CODE if marks < 0.22 else _DENSE


def estimate_message(message: Mapping[str, Any]) -> int:
    """Tokens of one message with its calls and pictures, estimated."""
    size = _MESSAGE + estimate_content(message.get("content"))
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        size += _MESSAGE + estimate_text(f"{function.get('name', '')}{function.get('arguments', '')}")
    return size


def estimate_content(content: Any) -> int:
    """Tokens of a text, or of a list of parts, estimated."""
    if isinstance(content, str):
        return estimate_text(content)
    if not isinstance(content, list):
        return 0
    return sum(estimate_text(str(part.get("text", ""))) if part.get("type") == "text" else PICTURE for part in content if isinstance(part, Mapping))


def estimate(messages: Sequence[Message], system: str = "", tools: Sequence[Tool] = ()) -> int:
    """Tokens of a whole request, estimated."""
    described = sum(estimate_text(json.dumps(tool.spec(), default=str)) for tool in tools)
    return estimate_text(system) + described + sum(map(estimate_message, messages))


def calibrated(scale: float, estimated: int, reported: int) -> float:
    """The next ratio of reported to estimated tokens, half way to what was reported, within 0.5 to 2. A report of nothing changes nothing."""
    if estimated <= 0 or reported <= 0:
        return scale
    return min(MOST, max(LEAST, (scale + reported / estimated) / 2))
