"""Messages: how they are made, what of them may go over the wire, and how a broken history becomes whole again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.agent.values import Message, Output, Picture, Reply, ToolRequest

PICTURES_SENT = 2
# A call of this tool is a question: its result is what the person says next.
QUESTION = "ask"
UNFINISHED = "This call has no result: the turn ended before it was done. Look at how things stand before calling it again."
STOPPED = "This call has no result: the person stopped the turn while it ran, or before it began."
OUT_OF_TIME = "This call has no result: the time of the turn was over while it ran, or before it began."
# What goes on at the Hub when a call of these is cut short: it may have been done, in part or whole.
_AT_THE_HUB = ("deploy_to_space", "space_update", "build_space", "hf_create_space", "space_duplicate", "space_control", "space_delete")
_LOOK_THERE = "The Hub may have carried it out all the same: look at space_status first, and say what you find before you call it again."
_PICTURE_CHARACTERS = 6_000_000
_THOUGHTS = 40_000  # characters of one reply's that are kept
_DATA = re.compile(r'<data source="([^"]{0,200})" trust="none">')  # as `rendering.enclosed` writes it
_FIELDS = ("role", "content", "tool_calls", "tool_call_id", "name")


def said(text: str, *, opened: Sequence[str] = ()) -> Message:
    """A person's own words. opened: ids of the calls that waited for them: their results follow from these words."""
    return {"role": "user", "content": text, "meta": {"kind": "said"} | ({"opened": list(opened)} if opened else {})}


def note(text: str) -> Message:
    """Ours to the model; it stands in the user's role, so it says whose it is."""
    return {"role": "user", "content": f"<note>{text}</note>", "meta": {"kind": "note"}}


def replied(reply: Reply, calls: Sequence[ToolRequest] = (), *, text: str | None = None) -> Message:
    """A model's reply as history keeps it; arguments that could not be read stand as an empty object, which every upstream takes."""
    message: Message = {"role": "assistant", "content": clean(reply.text if text is None else text)}
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}}
            for call in calls
        ]
    meta = {"kind": "reply", "model": reply.model, "tokens": list(reply.tokens)}
    # Some upstreams want the thoughts of earlier replies back; see `quirks`.
    return message | {"meta": meta | ({"thoughts": clean(reply.reasoning[:_THOUGHTS])} if reply.reasoning else {})}


def result(call: ToolRequest, output: Output) -> Message:
    """What a call gave."""
    meta = {"kind": "result", "ok": output.ok}
    return {"role": "tool", "tool_call_id": call.id, "name": call.name, "content": clean(output.text), "meta": meta}


def pictured(name: str, picture: Picture) -> Message | None:
    """A picture for the model to look at, behind the results; None when it is too big to send."""
    if len(picture.base64) > _PICTURE_CHARACTERS:
        return None
    address = f"data:{picture.mime};base64,{picture.base64}"
    parts = [{"type": "text", "text": f"<note>The picture {name} gave.</note>"}, {"type": "image_url", "image_url": {"url": address}}]
    return {"role": "user", "content": parts, "meta": {"kind": "picture"}}


def clean(text: str) -> str:
    """The text without halves of characters, which no request can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def pending(messages: Sequence[Message]) -> list[ToolRequest]:
    """The calls of the newest reply that have no result yet, in order."""
    for place in range(len(messages) - 1, -1, -1):
        if messages[place]["role"] == "assistant":
            done = {one.get("tool_call_id") for one in messages[place + 1 :] if one["role"] == "tool"}
            return [_request(call) for call in messages[place].get("tool_calls") or () if call["id"] not in done]
    return []


def waiting(messages: Sequence[Message]) -> set[str]:
    """Of those, the ones that were put to a person; the others were cut short."""
    newest = next((one for one in reversed(messages) if one["role"] == "assistant"), {})
    return set((newest.get("meta") or {}).get("waits") or ())


def sources(messages: Sequence[Message]) -> list[str]:
    """Where the texts that others wrote came from which were read since the person spoke last, each once, in order."""
    spoke = max((place for place, one in enumerate(messages) if (one.get("meta") or {}).get("kind") == "said"), default=-1)
    texts = (one["content"] for one in messages[spoke + 1 :] if one["role"] != "assistant" and isinstance(one.get("content"), str))
    return list(dict.fromkeys(source for text in texts for source in _DATA.findall(text)))


def wait(messages: list[Message], ids: Sequence[str]) -> None:
    """Note at the newest reply which of its calls wait for a person."""
    place = max(place for place, one in enumerate(messages) if one["role"] == "assistant")
    one = messages[place]
    messages[place] = one | {"meta": {**(one.get("meta") or {}), "waits": list(ids)}}


def repair(messages: list[Message], because: str = UNFINISHED) -> int:
    """Give every call exactly one result, right behind its reply and in the order of the calls; drop results without a call.

    Changes the list in place; returns how many messages were made, moved or dropped.
    """
    whole: list[Message] = []
    changed = place = 0
    while place < len(messages):
        message = messages[place]
        place += 1
        if message["role"] == "tool":
            changed += 1  # of a call that is not there
            continue
        whole.append(message)
        calls = message.get("tool_calls") if message["role"] == "assistant" else None
        if not calls:
            continue
        behind: list[Message] = []
        results: dict[str, Message] = {}
        while place < len(messages) and messages[place]["role"] != "assistant":
            one = messages[place]
            place += 1
            if one["role"] == "tool":
                results.setdefault(one.get("tool_call_id", ""), one)
            else:
                behind.append(one)
        for call in calls:
            made = results.get(call["id"])
            changed += made is None
            whole.append(made or result(_request(call), without_result(_request(call), because)))
        whole += behind
    moved = len(whole) == len(messages) and any(one is not other for one, other in zip(whole, messages, strict=True))
    if changed or moved or len(whole) != len(messages):
        messages[:] = whole
        return changed or 1
    return 0


def without_result(call: ToolRequest, because: str) -> Output:
    """What stands in place of the result of a call that has none."""
    name = call.arguments.get("name") if call.name == "use_action" else call.name
    return Output(f"{because} {_LOOK_THERE}" if name in _AT_THE_HUB else because, ok=False)


def safe(messages: Sequence[Message], *, sees: bool = True, thoughts: bool = False) -> list[Message]:
    """The messages as every upstream takes them: known fields alone, nothing empty, no two of a person in a row, few pictures.

    thoughts: replies carry what the model thought as `reasoning_content`, which a few upstreams insist on and others refuse.
    """
    sent: list[Message] = []
    pictures = PICTURES_SENT if sees else 0
    kept = {id(one) for one in [one for one in messages if isinstance(one.get("content"), list)][-pictures:]} if pictures else set()
    for message in messages:
        content = message.get("content")
        if isinstance(content, list) and id(message) not in kept:
            content = "\n".join(part["text"] for part in content if part.get("type") == "text")
            content = content and content + "\n[the picture is not sent again]"
        one = {name: message[name] for name in _FIELDS if message.get(name)} | {"content": content}
        if isinstance(content, str):
            one["content"] = clean(content).rstrip()
        role, empty = one["role"], not one["content"]
        if role == "tool":
            one["content"] = one["content"] or "(nothing)"
        elif role == "assistant" and one.get("tool_calls"):
            one["content"] = one["content"] or None
        elif empty:
            continue
        if thoughts and role == "assistant":
            one["reasoning_content"] = (message.get("meta") or {}).get("thoughts") or " "  # empty counts as missing
        before = sent[-1] if sent else {}
        if before.get("role") == role and role in ("user", "assistant") and not before.get("tool_calls") and not one.get("tool_calls"):
            sent[-1] = before | {"content": _joined(before["content"], one["content"])}
        else:
            sent.append(one)
    return sent


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_parts(first), *_parts(second)]


def _parts(content: Any) -> list[Mapping[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _request(call: Mapping[str, Any]) -> ToolRequest:
    function = call["function"]
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = {}
    return ToolRequest(call["id"], function["name"], arguments if isinstance(arguments, dict) else {})
