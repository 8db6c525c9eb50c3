"""The functions inside of the templates: every operation, every tool, the data module, the store."""

import importlib
import json
import random
import sys
import time

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from core.build import analyze, generate, templates


@pytest.fixture
def parts(tmp_path, monkeypatch):
    """Write a generated app to disk and import its modules as it would itself."""
    before = set(sys.modules)

    def write(template: str, **inputs):
        for path, data in generate(analyze("an app"), template, inputs=inputs).files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(data)
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        return importlib.import_module

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


OPERATIONS = {
    "word_count": ("One two three. Four!", {"speed": 60}, lambda r: (r.numbers["Words"], r.numbers["Sentences"], r.numbers["Reading time"]) == (4, 2, "4 s")),
    "readability": ("The cat sat on the mat.", {}, lambda r: r.numbers["Level"] == "very easy"),
    "keywords": ("The solar panel and the solar panel. A roof.", {}, lambda r: {"solar", "solar panel", "panel"} == {row[0] for row in r.rows[:3]} and "the" not in str(r.rows)),
    "summary": ("Bees like flowers. Trains are late. Flowers feed bees and bees carry pollen of flowers.", {"sentences": 1}, lambda r: "bees" in r.text.lower() and r.text.count(".") == 1),
    "sentiment": ("It was not good. The staff were very kind, and I love it.", {}, lambda r: r.numbers["Overall"] == "positive" and "not good" in str(r.rows)),
    "compare": ("a\nb\nc", {"other": "a\nx\nc"}, lambda r: (r.numbers["Lines added"], r.numbers["Lines removed"], r.rows) == (1, 1, (("−", "b"), ("+", "x")))),
    "clean": (" b  b \n\n\na\na", {"order": "A to Z"}, lambda r: r.text == "a\nb b"),
    "letter_case": ("hello big world", {"style": "camelCase"}, lambda r: r.text == "helloBigWorld" and ("snake_case", "hello_big_world") in r.rows),
    "slug": ("Crème brûlée: the best!\nÀ la carte", {}, lambda r: r.text == "creme-brulee-the-best\na-la-carte"),
    "json_format": ('{"b": [1, {"c": null}]}', {}, lambda r: r.numbers["Valid"] == "yes" and ("$.b[1].c", "null") in r.rows),
    "regex": ("a1 b22", {"pattern": r"([a-z])(\d+)", "replacement": r"\2\1"}, lambda r: r.text == "1a 22b" and r.rows[1] == ("b22", "3–6", "b, 22")),
    "extract": ("Ada <ada@example.org>, see https://x.org/a). On 2026-01-02 paid 12.50 #ok", {}, lambda r: {row[1] for row in r.rows} == {"ada@example.org", "https://x.org/a", "2026-01-02", "12.50", "#ok"}),
    "replace": ("Cat, cat, category", {"pairs": "cat => dog"}, lambda r: r.text == "dog, dog, category" and r.numbers["Replaced"] == 2),
    "encode": ("SOS", {"form": "Morse"}, lambda r: r.text == "... --- ..."),
    "checksum": ("abc", {"expected": "900150983CD24FB0D6963F7D28E17F72"}, lambda r: r.numbers["Same as given"] == "yes (md5)"),
    "anagram": ("listen\nsilent\nlevel", {}, lambda r: r.numbers["Palindromes"] == 1 and ("anagram", "listen = silent") in r.rows),
}


def test_there_is_an_example_for_every_operation():
    assert set(OPERATIONS) == {choice.value for choice in templates()["gradio-text-tools"].manifest.input("operations").choices}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_does_its_work(parts, name):
    module = parts("gradio-text-tools", operations=[name])(f"operations.{name}")
    text, options, right = OPERATIONS[name]
    result = module.run(text, **options)
    assert right(result), result
    assert set(options) <= set(module.OPTIONS)
    sample = module.run(module.SAMPLE, *(option.default for option in module.OPTIONS.values()))
    assert sample.numbers or sample.text or sample.rows


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_survives_odd_texts_quickly(parts, name):
    module = parts("gradio-text-tools", operations=[name])(f"operations.{name}")
    defaults = [option.default for option in module.OPTIONS.values()]
    generator = random.Random(3)
    noise = "".join(chr(generator.choice((9, 10, 32, 46, 34, 92, 233, 8232, 128512, 65, 48))) for _ in range(5_000))
    began = time.perf_counter()
    for text in ("\n", "...", "🙂", "a" * 100_000, "." * 100_000 + "a", "word " * 20_000, "line\n" * 20_000, "[" * 50_000, noise):
        module.run(text, *defaults)
    assert time.perf_counter() - began < 15


def test_a_pattern_that_would_run_for_years_is_stopped(parts):
    regex = parts("gradio-text-tools", operations=["regex"])("operations.regex")
    began = time.perf_counter()
    assert "longer than" in regex.run("a" * 60 + "!", "(a+)+$").note
    assert time.perf_counter() - began < 10
    assert "not valid" in regex.run("a", "(").note


@pytest.mark.parametrize("form", ["Base64", "URL", "HTML", "hexadecimal", "binary", "Morse", "ROT13"])
def test_what_is_encoded_decodes(parts, form):
    encode = parts("gradio-text-tools", operations=["encode"])("operations.encode")
    text = "hello world" if form == "Morse" else "Hé <b>&"
    assert encode.run(encode.run(text, form, "encode").text, form, "decode").text == text
    if form in ("Base64", "hexadecimal", "binary"):
        assert "not valid" in encode.run("zz!", form, "decode").note


def test_the_tools_for_agents_answer_rightly(parts):
    load = parts("gradio-mcp-tools", tools=["text", "dates", "numbers", "data", "codes"])
    text, dates, numbers, data, codes = (load(f"tools.{name}") for name in ("text", "dates", "numbers", "data", "codes"))
    assert text.count_words("One two. Three")["words"] == 3 and text.make_slug("Été !") == "ete"
    assert text.top_words("tree Tree house")[0] == {"word": "tree", "count": 2}
    assert dates.days_between("2026-01-05", "2026-01-12") == {"days": 7, "weeks": 1.0, "working_days": 5}
    assert dates.days_between("2026-01-12", "2026-01-05")["days"] == -7
    assert dates.add_days("2024-02-28", 2) == {"date": "2024-03-01", "weekday": "Friday", "week": 9}
    assert dates.convert_time("2026-01-01T12:00", "UTC", "Asia/Tokyo")["time"] == "2026-01-01T21:00"
    assert numbers.convert_unit(100, "C", "F")["value"] == 212 and numbers.convert_unit(1, "mi", "km")["value"] == 1.609344
    assert numbers.describe_numbers([1, 2, 9])["median"] == 2
    assert numbers.loan_payment(1200, 0, 1)["payment"] == 100
    assert data.check_json('{"a": }')["valid"] is False and data.csv_to_json("a,b\n1,2") == [{"a": "1", "b": "2"}]
    assert json.loads(data.pick_json('{"a": [{"b": 5}]}', "a.0.b")) == 5
    assert codes.encode_text(codes.encode_text("hé", "hex"), "hex", "decode") == "hé" and len(codes.random_id("password", 12)) == 12
    assert codes.checksum("abc", "md5") == "900150983cd24fb0d6963f7d28e17f72"
    for wrong in (lambda: dates.add_days("soon"), lambda: numbers.convert_unit(1, "km", "kg"), lambda: dates.add_days("2026-01-01", 10**9), lambda: data.pick_json("{}", "a"), lambda: numbers.describe_numbers([])):
        with pytest.raises(ValueError):
            wrong()


def test_tables_are_read_narrowed_and_grouped(parts, tmp_path):
    data = parts("gradio-data-explorer")("data")
    path = tmp_path / "semicolons.csv"
    path.write_text("name;day;amount\nAda;2026-01-01;1.5\nBob;2026-02-01;\nada;2026-02-03;4\n", encoding="utf-8-sig")
    frame = data.load(str(path))
    assert list(frame.columns) == ["name", "day", "amount"] and str(frame["day"].dtype).startswith("datetime64")
    assert len(data.narrow(frame, search="ADA")) == 2
    assert data.narrow(frame, column="amount", test="at least", value="1,6")["name"].tolist() == ["ada"]
    assert data.narrow(frame, column="day", test="at most", value="2026-01-31")["name"].tolist() == ["Ada"]
    assert data.narrow(frame, column="amount", test="is empty")["name"].tolist() == ["Bob"]
    assert data.narrow(frame, column="name", test="is", value="ada")["amount"].tolist() == [1.5, 4]
    assert data.group(frame, "name", "sum", "amount")["sum of amount"].sum() == 5.5
    assert data.describe(frame)["Kind"].tolist() == ["text", "date", "number"]
    with pytest.raises(ValueError, match="cannot be compared"):
        data.narrow(frame, column="amount", test="is", value="many")
    for name, content in (("x.parquet", b"no"), ("x.csv", b""), ("y.csv", b"\0\xff\xfe")):
        (tmp_path / name).write_bytes(content)
        try:
            assert isinstance(data.load(str(tmp_path / name)), pd.DataFrame)
        except ValueError as error:
            assert "could not be read" in str(error) or "no table" in str(error)


@pytest.mark.parametrize("sample", [choice.value for choice in templates()["gradio-data-explorer"].manifest.input("sample").choices])
def test_every_sample_can_be_charted(parts, tmp_path, sample):
    data = parts("gradio-data-explorer", sample=sample)("data")
    frame = data.load(str(tmp_path / "sample.csv"))
    assert len(frame) >= 90 and data.numeric(frame)
    for by in frame.columns:
        assert len(data.group(frame, by, "mean", data.numeric(frame)[-1]))


@pytest.mark.parametrize("model", [choice.value for choice in templates()["docker-fastapi"].manifest.input("model").choices])
def test_every_model_is_stored_and_read_back(parts, tmp_path, model):
    load = parts("docker-fastapi", model=model, resource="../Odd {id} name")
    store = load("store").Store(str(tmp_path / "items.sqlite"))
    samples = load("item").SAMPLES
    assert store.count() == len(samples) == 2
    added = store.add(samples[0])
    assert store.get(added["id"]) == added and store.replace(added["id"], samples[1])["id"] == added["id"]
    assert store.delete(added["id"]) and not store.delete(added["id"]) and store.get(added["id"]) is None
    assert load("settings").RESOURCE == "odd-id-name"


@pytest.mark.parametrize(("asked", "route"), [("/books", "/books"), ("v1/my items/", "/v1/my/items"), ("", "/api/things"), ("/page/x", "/api/things"), ("/health", "/api/things")])
def test_the_list_is_at_the_path_that_was_asked_for(parts, tmp_path, monkeypatch, asked, route):
    monkeypatch.setenv("DATABASE", str(tmp_path / "items.sqlite"))
    client = TestClient(parts("docker-fastapi", resource="things", route=asked)("main").app)
    (first, _) = client.get(route).json()
    assert client.get(f"{route}/{first['id']}").json() == first and client.get("/health").json() == {"status": "ok"}
    assert client.get("/").status_code == client.get("/page/page.js").status_code == 200


def test_a_store_that_cannot_write_keeps_items_in_memory(parts):
    store = parts("docker-fastapi")("store").Store("/proc/nowhere/items.sqlite")
    assert store.count() == 2
