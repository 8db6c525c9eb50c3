"""What each operation asks, gives, and says when a source fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.caller import Caller
from core.errors import HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError
from core.hub import Hub
from core.papers import OPERATIONS, Question, answer, desk
from core.reading import Reader
from core.secrets import Secret
from core.settings import Research, Settings
from tests.papers.upstream import Upstream, playing, reply

HUB_TOKEN = "hf_" + "AliceTokenForPapers0123456789"
KEY = "s2-key-of-the-owner-0123456789"
ID = "2401.00001"


class Played:
    """Operations over one server that plays all services."""

    def __init__(self, faults: dict[str, list] | None = None, **settings: Any):
        self.faults, self.settings = faults or {}, settings
        self.upstream: Upstream | None = None

    def __call__(self, operation: str, **given: Any) -> dict[str, Any]:
        return asyncio.run(self._run(Question(operation, **given)))

    async def _run(self, question: Question) -> dict[str, Any]:
        async with playing() as upstream:
            self.upstream = upstream
            upstream.faults = {part: list(many) for part, many in self.faults.items()}
            research = Research(semantic_scholar=upstream.url, arxiv=f"{upstream.url}/arxiv.org", ar5iv=f"{upstream.url}/ar5iv.org", semantic_scholar_key=KEY)
            hub, reader = Hub(upstream.url), Reader()
            caller = Caller(id="alice", token=Secret(HUB_TOKEN))
            try:
                return await answer(desk(hub, caller, reader, Settings(research=research, **self.settings)), question)
            finally:
                await reader.close()
                await hub.close()

    def asked(self, part: str):
        return [one for one in self.upstream.asked if part in one.path]


@pytest.fixture
def papers():
    return Played()


def down(*parts: str, status: int = 500) -> Played:
    """With these services answering only errors."""
    return Played({part: [reply({"error": "down"}, status=status)] for part in parts})


def test_the_papers_people_look_at_now(papers):
    found = papers("trending", limit=5)
    assert [one["arxiv_id"] for one in found["items"]] == [ID, "2302.00002"] and found["count"] == 2
    assert found["items"][0] == {
        "arxiv_id": ID, "title": "Small Routers", "summary": "The summary of Small Routers.", "published": "2024-01-15", "upvotes": 40,
        "keywords": ["routing", "experts"], "github": "https://github.com/a/b", "stars": 7, "organization": "acme",
        "url": f"{papers.upstream.url}/papers/{ID}",
    }  # fmt: skip
    assert found["sources"] == ["Hugging Face"] and found["notes"] == []
    assert papers.asked("/daily")[0].given("sort") == "trending"


def test_the_papers_of_a_day_narrowed_by_words(papers):
    found = papers("trending", query="SPEECH all", date="2023-02-02", limit=3)
    assert [one["arxiv_id"] for one in found["items"]] == ["2302.00002"]
    asked = papers.asked("/daily")[0]
    assert (asked.given("date"), asked.given("limit"), asked.given("sort")) == ("2023-02-02", "30", None)
    assert "search looks at all papers" in papers("trending", query="quantum")["notes"][0]


def test_a_search_without_filters_asks_the_hub_alone(papers):
    found = papers("search", query="  routers\n here ", limit=2)
    assert found["count"] == 2 and papers.asked("/papers/search")[0].given("q") == "routers here"
    assert len(papers.upstream.asked) == 1


def test_a_filter_asks_semantic_scholar_in_its_words(papers):
    found = papers("search", query="mixture-of-experts", date_from="2023", date_to="2024-06", categories="cs.CL, Physics, cs.LG", min_citations=5, limit=2)
    asked = papers.asked("/graph/v1/paper/search")[0]
    assert asked.query | {"fields": None} == {
        "query": ["mixture of experts"], "limit": ["2"], "publicationDateOrYear": ["2023:2024-06"],
        "fieldsOfStudy": ["Computer Science,Physics"], "minCitationCount": ["5"], "fields": None,
    }  # fmt: skip
    assert found["sources"] == ["Semantic Scholar"] and len(papers.upstream.asked) == 1
    first, second = found["items"]
    assert first["arxiv_id"] == "2401.00001" and first["summary"] == "Routers, shortly." and first["citations"] == 10
    assert "arxiv_id" not in second and second["url"].startswith("https://www.semanticscholar.org/paper/")


@pytest.mark.parametrize(("order", "sort"), [("citationCount", "citationCount:desc"), ("publicationDate", "publicationDate:desc")])
def test_another_order_is_sorted_there_and_asks_for_no_field_that_search_lacks(papers, order, sort):
    found = papers("search", query="routers", sort_by=order, limit=2)
    asked = papers.asked("/search/bulk")[0]
    assert asked.given("sort") == sort and "tldr" not in asked.given("fields") and len(found["items"]) == 2


def test_when_the_ranked_search_is_closed_the_other_one_answers_and_it_is_said():
    papers = Played({"/graph/v1/paper/search/bulk": [reply({"data": [{"title": "One", "citationCount": 3}]})], "/graph/v1/paper/search": [reply(status=429, Retry_After="0")]})
    found = papers("search", query="routers", min_citations=1)
    assert [one["title"] for one in found["items"]] == ["One"] and "most cited first" in found["notes"][0]


def test_filters_are_applied_here_as_far_as_they_go_and_the_others_named_when_scholar_fails():
    papers = down("/graph/")
    found = papers("search", query="routers", date_from="2024", min_citations=5, sort_by="publicationDate", limit=5)
    assert [one["arxiv_id"] for one in found["items"]] == ["2405.00003", ID]
    assert "Semantic Scholar" in found["notes"][0] and "500" in found["notes"][0]
    assert "Applied here: date_from, sort_by" in found["notes"][1] and "NOT applied: min_citations" in found["notes"][1]
    assert found["sources"] == ["Hugging Face"]
    found = papers("search", query="routers", date_from="2023-01", date_to="2023", limit=5)
    assert [one["arxiv_id"] for one in found["items"]] == ["2302.00002"] and "NOT applied" not in found["notes"][1]


def test_a_paper_is_told_by_both_sources_together(papers):
    paper = papers("paper_details", arxiv_id=f"arXiv:{ID}v2")["paper"]
    assert paper["abstract"] == "The abstract at the Hub." and paper["tldr"] == "Routers, shortly." and paper["citations"] == 10
    assert paper["models"] == ["acme/router"] and paper["references"] == 31 and paper["upvotes"] == 40
    assert paper["pdf"] == f"https://arxiv.org/pdf/{ID}" and paper["arxiv_id"] == ID
    assert papers.asked("/graph/")[0].path == f"/graph/v1/paper/ARXIV:{ID}"


@pytest.mark.parametrize(("part", "left", "told"), [("/graph/", "Hugging Face", "Semantic Scholar"), ("/api/papers/", "Semantic Scholar", "Hugging Face")])
def test_one_source_is_enough_for_a_paper(part, left, told):
    found = down(part)("paper_details", arxiv_id=ID)
    assert found["paper"]["title"] and found["sources"] == [left] and told in found["notes"][0]


def test_a_paper_nobody_has_is_not_found():
    with pytest.raises(NotFound, match=f"no paper {ID}"):
        down("/graph/", "/api/", status=404)("paper_details", arxiv_id=ID)


def test_a_paper_of_which_nothing_can_be_told_is_no_missing_paper():
    with pytest.raises(HubUnavailable) as error:
        Played({"/graph/": [reply(status=500)], "/api/": [reply({"error": "no"}, status=404)]})("paper_details", arxiv_id=ID)
    assert len(error.value.details["notes"]) == 2


def test_a_paper_is_read_as_abstract_and_contents(papers):
    found = papers("read_paper", arxiv_id=f"{ID}v2")
    assert found["title"] == "Small Routers for Large Models" and found["abstract"].startswith("We train a router")
    assert [one["number"] for one in found["sections"]][:4] == ["1", "2", "2.1", "2.1.1"]
    assert found["read_at"] == "arXiv" and papers.upstream.paths() == [f"/arxiv.org/html/{ID}v2"]


def test_a_section_is_read_by_its_number_or_its_title(papers):
    found = papers("read_paper", arxiv_id=ID, section="2.1.1")
    assert found["text"] == "A balance term of weight 0.01 keeps experts busy." and found["next_offset"] is None
    assert found["section"] == {"number": "2.1.1", "title": "Balance term", "level": 4}
    assert papers("read_paper", arxiv_id=ID, section="abstract")["text"].startswith("We train")


def test_a_section_that_is_not_there_tells_which_are(papers):
    with pytest.raises(NotFound, match="no section 'Proofs'") as error:
        papers("read_paper", arxiv_id=ID, section="Proofs")
    assert "2.1 Loss; 2.1.1 Balance term" in error.value.fix


def test_a_long_section_is_read_piece_by_piece():
    body = "".join(f"<p class='ltx_p'>{number} {'word ' * 150}</p>" for number in range(30))
    page = f"<article><section class='ltx_section'><h2 class='ltx_title'><span class='ltx_tag'>1</span>Long</h2>{body}</section></article>"
    papers = Played({"/html/": [reply(page.encode(), type="text/html")]})
    pieces, offset = [], 0
    while offset is not None:
        found = papers("read_paper", arxiv_id=ID, section="1", offset=offset)
        assert 0 < len(found["text"]) <= 8_000
        pieces.append(found["text"])
        offset = found["next_offset"]
    assert len(pieces) == 3 and "\n\n".join(pieces).count("word") == 4_500
    assert [line.split()[0] for line in "\n\n".join(pieces).split("\n\n")] == [str(number) for number in range(30)]


@pytest.mark.parametrize("fault", [
    reply(b"<html>No HTML for it</html>", status=404, type="text/html"),
    reply(b"<html><body>Not a paper</body></html>", type="text/html"),
    reply(status=429, Retry_After="60"),
    reply(status=503),
    reply(status=302, Location="https://evil.example/"),
    reply(b"x", Content_Length="50000000", type="text/html"),
    None,
])  # fmt: skip
def test_ar5iv_is_read_where_arxiv_has_nothing_and_it_is_said(fault):
    found = Played({"/arxiv.org/": [fault]})("read_paper", arxiv_id=ID)
    assert found["read_at"] == "ar5iv" and len(found["sections"]) == 9 and "arXiv" in found["notes"][0]


def test_the_abstract_of_the_hub_stands_in_for_a_text_nobody_has():
    papers = down("/html/", status=404)
    found = papers("read_paper", arxiv_id=ID, section="Method")
    assert found["abstract"] == "The abstract at the Hub." and found["sections"] == [] and found["pdf"].endswith(ID)
    assert "section 'Method' cannot be shown" in found["notes"][-1] and found["sources"] == ["Hugging Face"]


def test_the_abstract_of_semantic_scholar_is_the_last_resort():
    found = down("/html/", "/api/", status=404)("read_paper", arxiv_id=ID)
    assert found["abstract"] == "Abstract of paper 1." and found["sources"] == ["Semantic Scholar"]
    with pytest.raises(NotFound, match="no paper"):
        down("/html/", "/api/", "/graph/", status=404)("read_paper", arxiv_id=ID)


def test_what_a_paper_cites_and_what_cites_it(papers):
    found = papers("citation_graph", arxiv_id="hep-th/9901001v1")
    assert [one["title"] for one in found["references"]] == ["Paper number 2", "Paper number 4"] and found["references"][0]["influential"]
    cited = found["citations"]
    assert [one["citations"] for one in cited] == [80, 60] and len(cited[1]["contexts"]) == 2 and len(cited[1]["contexts"][0]) <= 200
    assert {one.path for one in papers.asked("/graph/")} == {f"/graph/v1/paper/ARXIV:hep-th/9901001/{way}" for way in ("references", "citations")}


def test_one_direction_asks_once_and_the_other_may_fail(papers):
    assert "references" not in papers("citation_graph", arxiv_id=ID, direction="citations") and len(papers.upstream.asked) == 1
    found = down("/references")("citation_graph", arxiv_id=ID)
    assert "references" not in found and len(found["citations"]) == 2 and "500" in found["notes"][0]
    with pytest.raises(HubUnavailable):
        down("/graph/")("citation_graph", arxiv_id=ID)


def test_passages_name_their_paper_by_its_arxiv_id(papers):
    found = papers("snippet_search", query="what keeps experts busy", categories="cs.AI", arxiv_id=ID, limit=4)
    asked = papers.asked("/snippet/")[0]
    assert asked.given("fields") == "snippet.text,snippet.section,snippet.snippetKind" and asked.given("paperIds") == f"ARXIV:{ID}"
    first, second = found["items"]
    assert first["arxiv_id"] == "2401.00001" and first["section"] == "Method" and len(first["text"]) <= 1_200 and first["citations"] == 10
    assert second["title"] == "Unknown elsewhere" and second["section"] == "abstract"
    assert json.loads(papers.asked("/batch")[0].body) == {"ids": ["CorpusId:7001", "CorpusId:7777"]}


def test_passages_stay_when_their_papers_cannot_be_named():
    found = down("/batch")("snippet_search", query="experts")
    assert len(found["items"]) == 2 and "arxiv_id" not in found["items"][0] and found["notes"]


def test_papers_like_one_and_like_several(papers):
    assert [one["arxiv_id"] for one in papers("recommend", arxiv_id=ID)["items"]] == ["2401.00011", "2401.00012"]
    asked = papers.asked("/recommendations/")[0]
    assert asked.path.endswith(f"/forpaper/ARXIV:{ID}") and asked.given("from") == "recent"
    papers("recommend", arxiv_id=ID, positive_ids="2402.00002", negative_ids=["2403.00003"], limit=7)
    asked = papers.asked("/recommendations/")[0]
    assert asked.method == "POST" and asked.given("limit") == "7"
    assert json.loads(asked.body) == {"positivePaperIds": [f"ARXIV:{ID}", "ARXIV:2402.00002"], "negativePaperIds": ["ARXIV:2403.00003"]}


def test_older_papers_are_recommended_where_no_recent_one_is_alike():
    papers = Played({"/forpaper/": [reply({"recommendedPapers": []}), reply({"recommendedPapers": [{"title": "Old"}]})]})
    found = papers("recommend", arxiv_id=ID)
    assert [one["title"] for one in found["items"]] == ["Old"] and "all of computer science" in found["notes"][0]
    assert [one.given("from") for one in papers.asked("/forpaper/")] == ["recent", "all-cs"]


@pytest.mark.parametrize(("operation", "id"), [("find_models", "acme/router"), ("find_datasets", "acme/tokens")])
def test_what_the_hub_holds_of_a_paper(papers, operation, id):
    found = papers(operation, arxiv_id=ID, sort="likes", limit=4)
    assert [one["id"] for one in found["items"]] == [id]
    asked = papers.upstream.asked[0]
    assert (asked.given("filter"), asked.given("sort"), asked.given("limit")) == (f"arxiv:{ID}", "likes", "4")


def test_collections_that_hold_a_paper(papers):
    found = papers("find_collections", arxiv_id=ID)
    assert found["items"][0]["slug"].startswith("acme/routing-") and papers.asked("/collections")[0].given("paper") == ID


def test_everything_of_a_paper_and_what_could_not_be_asked(papers):
    found = papers("find_all_resources", arxiv_id=ID, limit=50)
    assert [len(found[kind]) for kind in ("models", "datasets", "spaces", "collections")] == [1, 1, 0, 1] and found["notes"] == []
    assert papers.asked("/api/models")[0].given("limit") == "10"
    found = down("/api/collections")("find_all_resources", arxiv_id=ID)
    assert "collections" not in found and found["models"] and "collections" in found["notes"][-1]
    with pytest.raises(SpacesError):
        down("/api/", status=403)("find_all_resources", arxiv_id=ID)


def test_an_empty_answer_is_said_to_be_one():
    found = Played({"/api/": [reply([])]})("search", query="nothing at all")
    assert found["items"] == [] and found["notes"] == ["Nothing fits."]


@pytest.mark.parametrize("answer_", [reply({}), reply({"data": None}), reply({"data": [None, 3, {}, {"title": 5}, {"title": "Whole"}]})])
@pytest.mark.parametrize("operation", [("search", {"query": "x", "min_citations": 1}), ("recommend", {"arxiv_id": ID})])
def test_missing_and_odd_fields_are_left_out(answer_, operation):
    faults = {"/graph/": [answer_], "/recommendations/": [reply(answer_.partition(b"\r\n\r\n")[2].replace(b'"data"', b'"recommendedPapers"'))]}
    found = Played(faults)(operation[0], **operation[1])
    assert [one["title"] for one in found["items"]] in ([], ["Whole"])


@pytest.mark.parametrize("answer_", [reply([]), reply(b"<html>", type="text/html"), reply(b'{"data": ['), reply(b"null"), reply(b"[" * 5_000)])
@pytest.mark.parametrize("operation", [("snippet_search", {"query": "x"}), ("citation_graph", {"arxiv_id": ID}), ("recommend", {"arxiv_id": ID})])
def test_nonsense_of_semantic_scholar_is_an_error_that_names_it(answer_, operation):
    with pytest.raises(HubUnavailable, match="Semantic Scholar"):
        Played({"/graph/": [answer_], "/recommendations/": [answer_]})(operation[0], **operation[1])


@pytest.mark.parametrize("answer_", [reply({"error": 1}), reply(b"<html>", type="text/html"), reply(b"[{"), reply("text")])
@pytest.mark.parametrize("operation", [("trending", {}), ("search", {"query": "x"})])
def test_nonsense_of_the_hub_is_an_error(answer_, operation):
    with pytest.raises(SpacesError) as error:
        Played({"/api/": [answer_]})(operation[0], **operation[1])
    assert error.value.fix


def test_a_rate_limit_is_told_with_its_seconds_and_not_slept_through():
    with pytest.raises(RateLimited) as error:
        Played({"/graph/": [reply(status=429, Retry_After="60")]})("snippet_search", query="x")
    assert error.value.details["retry_after"] == 60


def test_each_service_sees_its_own_key_and_no_other():
    papers = Played()
    papers("paper_details", arxiv_id=ID)
    for asked in papers.upstream.asked:
        scholar = asked.path.startswith("/graph/")
        assert asked.headers.get("x-api-key") == (KEY if scholar else None)
        assert asked.headers.get("authorization") == (None if scholar else f"Bearer {HUB_TOKEN}")
    papers("read_paper", arxiv_id=ID)
    assert all(secret not in str(asked) for secret in (KEY, HUB_TOKEN) for asked in papers.asked("/html/"))


def test_strangers_do_not_use_the_owners_key():
    papers = Played(public=True)
    papers("snippet_search", query="x")
    assert all("x-api-key" not in asked.headers for asked in papers.upstream.asked)
    papers = Played(public=True, share_owner_keys=True)
    papers("snippet_search", query="x")
    assert papers.upstream.asked[0].headers["x-api-key"] == KEY


@pytest.mark.parametrize(("operation", "given", "said"), [
    ("search", {}, "search needs query"),
    ("search", {"query": "   "}, "search needs query"),
    ("read_paper", {}, "read_paper needs arxiv_id"),
    ("recommend", {"query": "x"}, "recommend needs arxiv_id or positive_ids"),
    ("paper_details", {"arxiv_id": "attention"}, "not an arXiv id"),
    ("citations", {"arxiv_id": ID}, "no operation 'citations'"),
    ("search", {"query": "x", "limit": 0}, "limit is 0"),
    ("search", {"query": "x", "limit": 51}, "limit is 51"),
    ("search", {"query": "x" * 301}, "at most 300"),
    ("search", {"query": "x", "date_from": "last year"}, "date_from: 'last year'"),
    ("search", {"query": "x", "date_to": "2024-13"}, "date_to: '2024-13'"),
    ("search", {"query": "x", "date_from": "2025", "date_to": "2024-06"}, "is after date_to"),
    ("search", {"query": "x", "categories": "alchemy"}, "categories: 'alchemy'"),
    ("search", {"query": "x", "min_citations": -1}, "min_citations"),
    ("trending", {"date": "2025-02-30"}, "date: '2025-02-30'"),
    ("read_paper", {"arxiv_id": ID, "offset": -1}, "offset is -1"),
    ("recommend", {"positive_ids": "nobody"}, "not an arXiv id"),
])  # fmt: skip
def test_what_cannot_be_asked_is_refused_before_anything_is(papers, operation, given, said):
    with pytest.raises(InvalidInput, match=said):
        papers(operation, **given)
    assert not papers.upstream.asked


def test_arguments_that_are_not_used_are_named(papers):
    assert papers("trending", section="2", min_citations=3)["notes"] == ["Not used by trending: section, min_citations."]


def test_every_operation_of_the_table_is_offered_by_the_action():
    from typing import get_args

    from core.actions.papers import Operation

    assert set(get_args(Operation)) == set(OPERATIONS)


def test_the_public_service_is_paced_where_no_key_is_shown():
    hub, who = Hub("https://huggingface.co"), Caller(id="x")
    keyed, shown = Settings(research=Research(semantic_scholar_key=KEY)), Settings(research=Research())
    mirror = Settings(research=Research(semantic_scholar="http://127.0.0.1:9"))
    assert [desk(hub, who, None, one).scholar.pace for one in (keyed, shown, mirror)] == [0.0, 1.0, 0.0]


def test_who_looks_for_models_by_words_is_told_where_that_is():
    with pytest.raises(InvalidInput) as raised:
        Played()("find_models", query="billsum")
    assert raised.value.fix == "Give arxiv_id. hf_search_models finds by words."
