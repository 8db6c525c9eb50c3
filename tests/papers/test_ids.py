"""A paper is found however its id is written."""

import pytest

from core.errors import InvalidInput
from core.papers import PaperId, paper_id
from core.papers.ids import scholar_ids


@pytest.mark.parametrize(("text", "found"), [
    ("2509.04664", PaperId("2509.04664")),
    (" 2509.04664v3 ", PaperId("2509.04664", "v3")),
    ("0704.0001", PaperId("0704.0001")),
    ("arXiv:2509.04664", PaperId("2509.04664")),
    ("ARXIV: 2509.04664v1", PaperId("2509.04664", "v1")),
    ("https://arxiv.org/abs/2509.04664v2", PaperId("2509.04664", "v2")),
    ("http://www.arxiv.org/pdf/2509.04664v2.pdf", PaperId("2509.04664", "v2")),
    ("arxiv.org/html/2509.04664#S1", PaperId("2509.04664")),
    ("https://arxiv.org/abs/2509.04664?context=cs", PaperId("2509.04664")),
    ("https://huggingface.co/papers/2509.04664", PaperId("2509.04664")),
    ("hf.co/papers/2509.04664/", PaperId("2509.04664")),
    ("https://ar5iv.labs.arxiv.org/html/1706.03762", PaperId("1706.03762")),
    ("10.48550/arXiv.2509.04664", PaperId("2509.04664")),
    ("https://doi.org/10.48550/arXiv.2509.04664", PaperId("2509.04664")),
    ("hep-th/9901001", PaperId("hep-th/9901001")),
    ("https://arxiv.org/abs/math.gt/0309136v1", PaperId("math.GT/0309136", "v1")),
])  # fmt: skip
def test_an_id_is_read(text, found):
    assert paper_id(text) == found


@pytest.mark.parametrize("text", ["", "attention", "2509.1", "2513.00001", "2509.046640", "2509.04664v0", "https://evil.example/abs/2509.04664",
                                  "../2509.04664", "2509.04664/../../etc", "hep-th/99", "x" * 5000, "2509.04664\n2509.04665"])  # fmt: skip
def test_what_is_no_id_is_refused_with_an_example(text):
    with pytest.raises(InvalidInput, match="not an arXiv id") as error:
        paper_id(text)
    assert "2509.04664" in error.value.fix and len(error.value.message) < 200


def test_several_ids_come_as_a_list_or_a_text():
    whole = "204e3073870fae3d05bcbc2f6a8e263d9b72e776"
    assert scholar_ids("2509.04664, hep-th/9901001v2,, 2509.04664", "positive_ids") == ["ARXIV:2509.04664", "ARXIV:hep-th/9901001"]
    assert scholar_ids(["arXiv:2509.04664", whole.upper()], "positive_ids") == ["ARXIV:2509.04664", whole]
    with pytest.raises(InvalidInput, match="21 papers; at most 20"):
        scholar_ids([f"2509.{number:05d}" for number in range(21)], "positive_ids")
