"""Which paths are examples and how well they fit words."""

import pytest

from core.github.matching import example_place, is_text, nearest, score


@pytest.mark.parametrize("keyword, path, at_least", [
    ("sft", "examples/scripts/sft.py", 100), ("grpo vlm", "examples/scripts/grpo_vlm.py", 100), ("GRPO VLM", "examples/scripts/vlm-grpo.py", 100),
    ("gpro", "examples/scripts/grpo.py", 60), ("sft trainer", "examples/SftTrainer.py", 100), ("whisper", "examples/run_whisper.py", 100),
    ("quantisation", "examples/quantization.py", 80), ("finetuning", "examples/fine_tuning.md", 90),
])  # fmt: skip
def test_what_fits_has_a_high_score(keyword, path, at_least):
    assert score(keyword, path) >= at_least


@pytest.mark.parametrize("keyword, path", [("sft", "examples/scripts/dpo.py"), ("whisper", "examples/vision/train.py"), ("", "a.py"), ("!!", "a.py"), ("sft", ""), ("rl", "examples/world.py")])
def test_what_does_not_fit_stays_below_sixty(keyword, path):
    assert score(keyword, path) < 60


def test_examples_are_known_by_words_of_their_folders_and_names():
    assert example_place("examples/a.py") < example_place("notebooks/a.ipynb") < example_place("demo/a.py")
    assert example_place("docs/my_example_scripts/a.py") is not None and example_place("Tutorials/a.md") is not None and example_place("exampels/a.py") is not None
    assert example_place("src/trl/trainer.py") is None and example_place("tests/test_sft.py") is None


def test_pictures_and_weights_are_nothing_to_read():
    assert is_text("examples/a.py") and is_text("Makefile") and not is_text("examples/a.PNG") and not is_text("w.safetensors.lock")


def test_the_same_name_elsewhere_comes_before_a_similar_one():
    known = ["trl/scripts/sft.py", "examples/sft_vlm.py", "examples/long/way/sft.py", "README.md"]
    assert nearest("examples/sft.py", known) == ["trl/scripts/sft.py", "examples/long/way/sft.py", "examples/sft_vlm.py"]
    assert nearest("zzz", known) == []
