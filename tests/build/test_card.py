"""The front matter of README.md."""

import pytest

from core.build import Card, parse_card, read_card, write_card
from core.errors import InvalidInput


def readme(*lines: str) -> dict[str, bytes]:
    return {"README.md": ("---\n" + "\n".join(lines) + "\n---\n# Hello\n").encode()}


def test_a_card_is_read_as_the_hub_reads_it():
    card = read_card(readme("title: My app", "emoji: 🚀", "colorFrom: red", "colorTo: blue", "sdk: gradio", "sdk_version: 6.31.0", "app_file: main.py", "hf_oauth: true"))
    assert (card.title, card.sdk, card.runs, card.colour_from) == ("My app", "gradio", "main.py", "red")
    assert card.front_matter()["hf_oauth"] is True


def test_what_was_written_reads_back():
    card = Card(title='a: "quoted" # title', emoji="📝", colorFrom="green", colorTo="gray", sdk="docker", app_port=7860, tags=("a", "no"), python_version="3.10", short_description="yes")
    again = read_card({"README.md": write_card(card, "# Body\n")})
    assert again == card
    assert write_card(card, "# Body\n").endswith(b"---\n\n# Body\n")


def test_writing_over_a_readme_keeps_its_text_and_replaces_its_card():
    old = readme("title: Old", "sdk: static")["README.md"]
    new = write_card(Card(title="New", sdk="static"), old)
    assert read_card({"README.md": new}).title == "New" and new.count(b"---\n") == 2 and new.endswith(b"# Hello\n")


@pytest.mark.parametrize("files", [{}, {"README.md": b"# no card"}, {"README.md": b"text\n---\nsdk: gradio\n---\n"}, {"README.md": b"--- \nnever closed"}])
def test_no_card_is_none(files):
    assert read_card(files) is None


def test_windows_line_ends_and_a_byte_order_mark_are_read():
    assert read_card({"README.md": b"\xef\xbb\xbf---\r\nsdk: static\r\n---\r\ntext"}).sdk == "static"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("sdk: streamlit", "sdk"),
        ("colorFrom: orange", "colorFrom"),
        ("emoji: hello", "emoji"),
        ("short_description: " + "x" * 61, "short_description"),
        ("app_file: ../x.py", "app_file"),
        ("app_port: 99999", "app_port"),
        ("python_version: three", "python_version"),
        ("pinned: maybe", "pinned"),
    ],
)
def test_what_the_hub_would_refuse_is_refused_with_its_line(line, word):
    with pytest.raises(InvalidInput) as refused:
        read_card(readme("title: x", line))
    assert refused.value.message.startswith("README.md line 3:") and word in refused.value.message


def test_a_port_is_for_docker():
    with pytest.raises(InvalidInput, match="Docker"):
        read_card(readme("sdk: gradio", "app_port: 7860"))


@pytest.mark.parametrize("block", ["a: [1", "- a\n- b", "a: b: c", "!!python/object/apply:os.system ['true']", "? [a]\n: b", "\tx: 1", "a: &a [*a", "x: 2026-99-99"])
def test_broken_yaml_is_a_sentence(block):
    with pytest.raises(InvalidInput):
        parse_card(block.encode())


def test_a_number_as_title_is_text():
    assert read_card(readme("title: 2048", "sdk: static")).title == "2048"
