"""Each helper: what it asks the Hub, and the rows and numbers it gives, in the Hub's recorded shapes."""

import pytest

from core.query.tables import HELPERS

META = {"source", "normalized", "budget_used", "budget_remaining"}


def test_every_answer_is_the_same_envelope(hub):
    for call in ("hf_whoami()", "hf_org_overview('acme')", "hf_trending()", "hf_user_likes()", "hf_org_overview('nobody')", "hf_runtime_capabilities()"):
        answer = hub.helper(call)
        assert set(answer) == {"ok", "item", "items", "meta", "error"} and META <= set(answer["meta"])
        assert answer["item"] == (answer["items"][0] if len(answer["items"]) == 1 else None)
        assert answer["ok"] is (answer["error"] is None)


def test_whoami(hub):
    assert hub.helper("hf_whoami()")["item"] == {
        "username": "alice", "fullname": "@huggingface/hub CI bot", "isPro": False, "is_pro": False, "type": "user", "organizations": ["acme"],
    }  # fmt: skip


def test_user_summary_has_an_overview_and_samples(hub):
    item = hub.helper("hf_user_summary(include=['likes', 'activity'], sample_limit=2, activity_limit=3)")["item"]
    overview = item["overview"]
    assert (overview["username"], overview["followers"], overview["following"], overview["likes"]) == ("alice", 250, 7, 6)
    assert (overview["twitter"], overview["github"], overview["bio"], overview["isPro"]) == ("alice_x", "alice-gh", "hi", False)
    assert "linkedin" not in overview and overview["models"] == 1
    assert [row["repo_id"] for row in item["likes"]["sample"]] == ["acme/m0", "acme/m1"] and len(item["activity"]["sample"]) == 3


def test_profile_summary_is_flat_and_tells_organizations(hub):
    item = hub.helper("hf_profile_summary(handle='alice', include=['likes'], likes_limit=1)")["item"]
    assert (item["handle"], item["entity_type"], item["followers_count"], item["twitter_url"]) == ("alice", "user", 250, "https://twitter.com/alice_x")
    assert len(item["likes_sample"]) == 1 and item["organizations"] == ["acme"]
    organization = hub.helper("hf_profile_summary(handle='acme', include=['likes'])")
    assert organization["item"]["entity_type"] == "organization" and organization["item"]["members_count"] == 2
    assert organization["meta"]["ignored_includes"] == ["likes"]
    assert "takes likes and activity" in hub.helper("hf_profile_summary(handle='alice', include=['followers'])")["error"]


def test_org_overview(hub):
    item = hub.helper("hf_org_overview('acme')")["item"]
    assert {"organization": "acme", "displayName": "Acme", "description": "d", "followers": 12, "members": 2, "models": 1, "datasets": 0, "spaces": 1}.items() <= item.items()
    missing = hub.helper("hf_org_overview('nobody')")
    assert missing["ok"] is False and missing["items"] == [] and missing["meta"]["code"] == "not_found"


def test_org_members_tell_when_the_list_and_the_overview_differ(hub):
    answer = hub.helper("hf_org_members('acme', fields=['username', 'role'])")
    assert answer["items"] == [{"username": "member0", "role": "admin"}, {"username": "member1", "role": "write"}]
    assert answer["meta"]["overview_list_mismatch"] is False and answer["meta"]["complete"] is True
    hub.upstream.answers["/api/organizations/acme/overview"]["numUsers"] = 9
    assert hub.helper("hf_org_members('acme')")["meta"]["overview_list_mismatch"] is True


def test_counting_without_rows_asks_the_overview_only(hub):
    answer = hub.helper("hf_user_graph(username='alice', count_only=True)")
    assert answer["items"] == [] and answer["meta"]["total"] == 250 and answer["meta"]["exact_count"] is True and answer["meta"]["budget_used"] == 1
    assert hub.helper("hf_org_members('acme', count_only=True)")["meta"]["total"] == 2


def test_a_filtered_count_reads_the_list_and_says_that_it_is_exact(hub):
    answer = hub.helper("hf_user_graph(username='alice', count_only=True, pro_only=True)")
    meta = answer["meta"]
    assert answer["items"] == [] and meta["total"] == 84 and meta["exact_count"] is True and meta["count_source"] == "scan" and meta["scanned"] == 250


def test_a_scan_that_ends_early_says_so(hub):
    meta = hub.helper("hf_user_graph(username='alice', scan_limit=100, pro_only=True)")["meta"]
    assert meta["scanned"] == 100 and meta["scan_limit_applied"] is True and meta["truncated_by"] == "scan_limit"
    assert meta["exact_count"] is False and meta["total"] is None and meta["lower_bound"] is True and meta["more_available"] == "unknown"


def test_the_whole_graph_is_complete(hub):
    answer = hub.helper("hf_user_graph(username='alice')")
    meta = answer["meta"]
    assert len(answer["items"]) == 250 and meta["complete"] is True and meta["more_available"] is False and meta["default_limit_used"] is True
    assert answer["items"][0] == {"username": "fan0", "fullname": "Fan 0", "isPro": True, "is_pro": True, "type": "user"}


def test_a_cut_graph_knows_the_total(hub):
    meta = hub.helper("hf_user_graph(username='alice', return_limit=20)")["meta"]
    assert (meta["returned"], meta["total"], meta["more_available"], meta["truncated_by"]) == (20, 250, True, "limit")
    assert (meta["requested_limit"], meta["applied_limit"], meta["hard_cap_applied"]) == (20, 20, False)


def test_organizations_have_followers_and_follow_nobody(hub):
    assert len(hub.helper("hf_user_graph(username='acme')")["items"]) == 12
    assert "follow nobody" in hub.helper("hf_user_graph(username='acme', relation='following')")["error"]
    assert "Use followers or following" in hub.helper("hf_user_graph(username='acme', relation='friends')")["error"]


def test_likers_of_a_repository(hub):
    answer = hub.helper("hf_repo_likers('acme/m1', 'models', where={'isPro': True}, fields=['username'])")
    assert answer["items"] == [{"username": "liker0"}, {"username": "liker3"}] and answer["meta"]["total"] == 2
    assert "not a type of repository" in hub.helper("hf_repo_likers('acme/m1', 'kernel')")["error"]


def test_likes_newest_first(hub):
    answer = hub.helper("hf_user_likes(return_limit=2, fields=['repo_id', 'likedAt'])")
    assert answer["items"] == [{"repo_id": "acme/m0", "likedAt": "2026-09-30T08:00:00.000Z"}, {"repo_id": "acme/m1", "likedAt": "2026-09-29T08:00:00.000Z"}]
    assert answer["meta"]["sort_applied"] == "liked_at" and answer["meta"]["username"] == "alice"
    assert hub.helper("hf_user_likes(repo_types=['space'])")["items"] == []


def test_likes_by_popularity_look_at_a_window_and_say_whether_it_was_all(hub):
    ranked = hub.helper("hf_user_likes(sort='repoLikes', return_limit=2, fields=['repo_id', 'likes'])")
    assert ranked["items"] == [{"repo_id": "acme/m5", "likes": 5}, {"repo_id": "acme/m4", "likes": 4}]
    assert ranked["meta"]["ranking_complete"] is True and ranked["meta"]["ranking_window"] == 40 and ranked["meta"]["budget_used"] == 8
    narrow = hub.helper("hf_user_likes(sort='repo_downloads', ranking_window=3, return_limit=1, fields=['repo_id'])")
    assert narrow["items"] == [{"repo_id": "acme/m0"}] and narrow["meta"]["ranking_complete"] is False and narrow["meta"]["ranking_window"] == 3
    assert "liked_at, repo_likes, repo_downloads" in hub.helper("hf_user_likes(sort='stars')")["error"]


def test_activity_goes_on_from_its_cursor(hub):
    first = hub.helper("hf_recent_activity(feed_type='user', entity='alice', return_limit=3)")
    assert [row["event_type"] for row in first["items"]] == ["like", "upvote", "update"] and first["items"][0]["repo_id"] == "alice/demo"
    assert hub.upstream.asked("/api/recent-activity")[0] == {"feedType": "user", "entity": "alice", "limit": "100"}
    limited = hub.helper("hf_recent_activity(entity='alice', max_pages=2)")["meta"]
    assert limited["pages"] == 2 and limited["truncated_by"] == "page_limit" and limited["cursor"] == "2" and limited["exact_count"] is False
    assert hub.helper("hf_recent_activity(entity='alice', start_cursor='14')")["meta"]["pages"] == 1


def test_activity_by_type(hub):
    answer = hub.helper("hf_recent_activity(entity='alice', activity_types=['update'], repo_types=['space'], return_limit=500)")
    assert {row["event_type"] for row in answer["items"]} == {"update"} and len(answer["items"]) == 10 and answer["meta"]["truncated_by"] == "page_limit"


def test_discussions_are_paged_by_number(hub):
    answer = hub.helper("hf_repo_discussions('model', 'acme/m1', limit=15, fields=['num', 'title', 'author', 'status'])")
    assert [row["num"] for row in answer["items"]] == list(range(23, 8, -1)) and answer["meta"]["total_count"] == 23 and answer["meta"]["more_available"] is True
    assert [query["p"] for query in hub.upstream.asked("/api/models/acme/m1/discussions")] == ["0", "1"]
    assert hub.helper("hf_repo_discussions('model', 'acme/m1', limit=100)")["meta"]["complete"] is True


def test_one_discussion_and_its_latest_comment(hub):
    item = hub.helper("hf_repo_discussion_details('model', 'acme/m1', 1)")["item"]
    assert {"num": 1, "title": "Fix bug", "author": "alice", "latest_comment_text": "hello", "comment_count": 1}.items() <= item.items()
    assert "number of a discussion" in hub.helper("hf_repo_discussion_details('model', 'acme/m1', 0)")["error"]


def test_details_try_every_type_and_know_old_names(hub):
    answer = hub.helper("hf_repo_details(repo_ids=['gpt2', 'alice/ds', 'no/where', 'gpt2'], fields=['repo_id', 'repo_type'])")
    assert answer["items"] == [{"repo_id": "gpt2", "repo_type": "model"}, {"repo_id": "alice/ds", "repo_type": "dataset"}]
    (failure,) = answer["meta"]["failures"]
    assert failure["repo_id"] == "no/where" and failure["attempted_repo_types"] == ["model", "dataset", "space"]
    space = hub.helper("hf_repo_details('alice/demo', repo_type='space')")["item"]
    assert (space["runtime_stage"], space["subdomain"], space["repo_url"]) == ("RUNNING", "alice-demo", hub.url + "/spaces/alice/demo")
    assert hub.helper("hf_repo_details('no/where')")["ok"] is False
    for wrong in ("hf_repo_details()", "hf_repo_details('a/b', repo_ids=['c/d'])", "hf_repo_details('a/b/c')", "hf_repo_details('a/..')", "hf_repo_details(repo_ids=[])"):
        assert hub.helper(wrong)["ok"] is False


def test_trending_has_a_rank_that_can_be_asked_for(hub):
    answer = hub.helper("hf_trending(repo_type='space', limit=5, fields=['repo_id', 'trending_rank'])")
    assert answer["items"] == [{"repo_id": "ginipick/FLUXllama", "trending_rank": 1}] and answer["meta"]["ordered_ranking"] is True
    assert hub.upstream.asked("/api/trending") == [{"type": "space", "limit": "5"}]
    assert hub.helper("hf_trending()")["items"][0]["num_params"] == 1_000_000_000


def test_daily_papers(hub):
    answer = hub.helper("hf_daily_papers(limit=2, fields=['title', 'paper_id', 'rank', 'authors', 'submitted_by', 'organization'])")
    assert answer["items"][1] == {
        "title": "Paper 1", "paper_id": "2509.04664", "rank": 2, "authors": ["Adam Tauman Kalai", "Ofir Nachum"], "submitted_by": "taesiri", "organization": "openai",
    }  # fmt: skip


def test_collections_of_an_owner_in_any_case(hub):
    answer = hub.helper("hf_collections_search(owner='Alice', fields=['collectionId', 'author', 'item_count'])")
    assert answer["items"] == [{"collectionId": "alice/my-tools-65f0b3a1b2c3d4e5f6a7b8c9", "author": "alice", "item_count": 1}]
    assert answer["meta"]["owner_case_insensitive_fallback"] is True
    assert "Give one of them" in hub.helper("hf_collections_search()")["error"]


def test_items_of_a_collection(hub):
    slug = "alice/my-tools-65f0b3a1b2c3d4e5f6a7b8c9"
    answer = hub.helper(f"hf_collection_items('{slug}', repo_types=['space'], fields=['repo_id', 'repo_type'])")
    assert answer["items"] == [{"repo_id": "alice/demo", "repo_type": "space"}] and answer["meta"]["title"] == "My tools" and answer["meta"]["owner"] == "alice"
    assert hub.helper(f"hf_collection_items('{slug}', repo_types=['model'])")["items"] == []
    assert hub.helper("hf_collection_items('alice/../../users')")["ok"] is False


def test_rows_of_a_dataset_are_paged_by_the_hundred(hub):
    answer = hub.helper("hf_dataset_rows('stanfordnlp/imdb', config='plain_text', split='train', offset=20, limit=150)")
    assert answer["ok"] and [row["row_idx"] for row in answer["items"]] == list(range(20, 170)) and answer["items"][0]["row"]["label"] == 0
    asked = hub.upstream.asked("/datasets-server/rows")
    assert [(one["offset"], one["length"], one["config"]) for one in asked] == [("20", "100", "plain_text"), ("120", "50", "plain_text")]
    meta = answer["meta"]
    assert (meta["rows_total"], meta["total"], meta["complete"], meta["truncated_by"], meta["columns"]) == (250, 230, False, "limit", ["text", "label"])
    assert hub.helper("hf_dataset_rows('imdb', config='plain_text', split='train', offset=240)")["meta"]["complete"] is True


def test_rows_of_a_dataset_are_those_of_its_first_split_and_searched(hub):
    answer = hub.helper("hf_dataset_rows('ibm/duorc', query='lighthouse')")
    assert len(answer["items"]) == 3 and (answer["meta"]["config"], answer["meta"]["split"]) == ("ParaphraseRC", "train")
    assert hub.upstream.asked("/datasets-server/search")[0]["query"] == "lighthouse"
    assert "there are ParaphraseRC/train, ParaphraseRC/validation" in hub.helper("hf_dataset_rows('ibm/duorc', split='dev')")["error"]
    hub.upstream.faults["/datasets-server/rows"] = 404
    missing = hub.helper("hf_dataset_rows('ibm/duorc')")
    assert missing["ok"] is False and missing["meta"]["code"] == "not_found"


def test_search_sends_the_hubs_own_arguments(hub):
    answer = hub.helper("hf_repo_search(query='m1', author='acme', filters=['gguf', 'license:mit'], sort='lastModified', limit=3, fields=['repo_id'])")
    assert answer["items"] == [{"repo_id": "acme/m1"}, {"repo_id": "acme/m10"}, {"repo_id": "acme/m11"}]
    (sent,) = hub.upstream.asked("/api/models")
    assert (sent["search"], sent["author"], sent["filter"], sent["sort"], sent["direction"], sent["limit"]) == ("m1", "acme", ["gguf", "license:mit"], "lastModified", "-1", "3")
    assert "safetensors" in sent["expand"]
    assert answer["meta"]["limit_boundary_hit"] is True and answer["meta"]["more_available"] in (True, "unknown")


def test_a_search_over_several_types_loses_none(hub):
    for sort in ("", ", sort='likes'"):
        answer = hub.helper(f"hf_repo_search(repo_types=['model', 'dataset', 'space'], limit=6{sort}, fields=['repo_id', 'repo_type', 'likes'])")
        assert sorted(row["repo_type"] for row in answer["items"]) == ["dataset", "dataset", "model", "model", "space", "space"]
        assert answer["meta"]["returned_by_type"] == {"model": 2, "dataset": 2, "space": 2} and answer["meta"]["budget_used"] == 3
    assert [row["likes"] for row in answer["items"]] == sorted((row["likes"] for row in answer["items"]), reverse=True)


def test_one_type_that_fails_leaves_the_others(hub):
    hub.upstream.faults["/api/datasets"] = 403
    answer = hub.helper("hf_repo_search(repo_types=['model', 'dataset'], limit=4)")
    assert answer["ok"] is False and len(answer["items"]) == 4 and list(answer["meta"]["failed_types"]) == ["dataset"]


def test_search_conditions_read_further_pages_until_there_are_enough(hub):
    answer = hub.helper("hf_models_search(post_filter={'likes': {'gte': 58}}, limit=5, fields=['repo_id'])")
    assert answer["items"] == [{"repo_id": "acme/m58"}, {"repo_id": "acme/m59"}] and answer["meta"]["total"] == 2 and answer["meta"]["complete"] is True


@pytest.mark.parametrize(
    ("call", "path", "sent"),
    [
        ("hf_models_search(trained_dataset='squad', pipeline_tag='text-generation', inference_provider=['all'])", "/api/models", {"filter": "dataset:squad", "pipeline_tag": "text-generation", "inference_provider": "all"}),
        ("hf_datasets_search(language=['en', 'de'], size_categories='n<1K')", "/api/datasets", {"filter": ["language:en", "language:de", "size_categories:n<1K"]}),
        ("hf_spaces_search(search='demo', linked=True)", "/api/spaces", {"search": "demo", "linked": "true"}),
        ("hf_repo_search(repo_type='model', advanced={'gated': True, 'cardData': True})", "/api/models", {"gated": "true", "cardData": "true"}),
    ],
)  # fmt: skip
def test_typed_arguments(hub, call, path, sent):
    assert hub.helper(call)["ok"]
    (query,) = hub.upstream.asked(path)
    assert sent.items() <= query.items()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("hf_repo_search(repo_type='model', repo_types=['space'])", "Both repo_type and repo_types"),
        ("hf_repo_search(repo_types=[])", "repo_types is empty"),
        ("hf_repo_search(repo_type='kernel')", "not a type of repository"),
        ("hf_repo_search(repo_type='space', sort='downloads')", "Use one of created_at, last_modified, likes, trending_score"),
        ("hf_repo_search(advanced={'linked': True})", "has no linked for a model"),
        ("hf_repo_search(limit=0)", "the least is 1"),
        ("hf_repo_search(fields=['stars'])", "the columns are repo_id"),
        ("hf_repo_search(where={'likes': {'gt': 1}})", "the operators are"),
        ("hf_repo_search(author='a/b')", "name of an author"),
        ("hf_runtime_capabilities(section='nothing')", "The sections are aliases, fields"),
    ],
)
def test_wrong_arguments_are_sentences_and_cost_nothing(hub, call, said):
    assert said in hub.helper(call)["error"]
    assert hub.upstream.requests == []


def test_unknown_expansions_are_named(hub):
    assert hub.helper("hf_models_search(expand=['siblings', 'childrenModelCount'])")["meta"]["ignored_expand"] == ["childrenModelCount"]
    assert "childrenModelCount" not in hub.upstream.asked("/api/models")[0]["expand"]


def test_caps_of_the_tables_are_the_caps_that_apply(hub):
    for call, name in (("hf_trending(limit=99)", "hf_trending"), ("hf_user_graph(username='alice', limit=99999)", "hf_user_graph"), ("hf_org_members('acme', limit=99999)", "hf_org_members"), ("hf_user_likes(limit=99999)", "hf_user_likes"), ("hf_daily_papers(limit=999)", "hf_daily_papers")):  # fmt: skip
        meta = hub.helper(call)["meta"]
        assert meta["applied_limit"] == HELPERS[name].cap and meta["hard_cap_applied"] is True


def test_capabilities_come_from_the_tables(hub):
    content = hub.helper("hf_runtime_capabilities()")["item"]["content"]
    assert set(content) == {"overview", "helpers", "helper_defaults", "fields", "aliases", "limits", "where", "repo_search", "raw_api"}
    assert all(content["helpers"][name]["signature"] == helper.signature for name, helper in HELPERS.items())
    assert content["limits"]["helpers"]["hf_user_graph"]["max"] == 10_000
