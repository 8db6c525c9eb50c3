"""Counting without a tokenizer: an estimate by kind of text, put right by what upstreams report."""

import subprocess
import sys

from core.agent.tokens import PICTURE, calibrated, estimate, estimate_message, estimate_text
from core.agent.values import Tool


def test_kinds_of_text_count_differently():
    prose = "The person wants an application that turns a photograph into a drawing and shows both beside each other. " * 20
    code = "def run(items: list[int]) -> int:\n    return sum(x * 2 for x in items if x > 3)\n" * 25
    dense = '{"id":"a1","likes":12,"tags":["x","y"],"ok":true},' * 40
    per_token = {name: len(text) / estimate_text(text) for name, text in (("prose", prose), ("code", code), ("dense", dense))}
    assert per_token["prose"] > per_token["code"] > per_token["dense"]
    assert 3.5 < per_token["prose"] <= 4
    chinese = "请帮我做一个可以把照片变成素描的应用程序"
    assert len(chinese) <= estimate_text(chinese) <= len(chinese) + 1
    russian = "Сделай приложение, которое превращает фотографию в рисунок"
    assert len(russian) / 4 < estimate_text(russian) < len(russian)


def test_an_empty_text_is_nothing_and_lone_surrogates_do_no_harm():
    assert estimate_text("") == 0
    assert estimate_text("\ud800" * 10) > 0


def test_a_request_counts_its_system_text_tools_calls_and_pictures():
    tool = Tool("look", "Looks at a thing.", {"type": "object", "properties": {"thing": {"type": "string"}}})
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": '{"thing": "' + "a" * 400 + '"}'}}]}
    picture = {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 90_000}}]}
    assert estimate_message(call) > 90
    assert PICTURE < estimate_message(picture) < PICTURE + 20
    alone = estimate([call])
    assert estimate([call], "Be short.") > alone
    assert estimate([call], tools=[tool]) > alone + 20


def test_reports_put_the_estimate_right_within_bounds():
    assert calibrated(1.0, 1_000, 1_400) == 1.2
    scale = 1.0
    for _ in range(20):
        scale = calibrated(scale, 1_000, 1_400)
    assert abs(scale - 1.4) < 0.01
    assert calibrated(1.0, 10, 1_000_000) == 2.0
    assert calibrated(1.0, 1_000_000, 1) >= 0.5
    assert calibrated(1.3, 0, 500) == calibrated(1.3, 500, 0) == 1.3


def test_nothing_heavy_is_imported_for_it():
    code = "import sys, core.agent.tokens, core.agent.context; print(sorted({'litellm', 'tiktoken', 'tokenizers', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
