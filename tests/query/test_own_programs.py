"""Programs people and models write, for every helper and every trap, each with the answer it must give."""

from __future__ import annotations

import pytest

SLUG = "alice/my-tools-65f0b3a1b2c3d4e5f6a7b8c9"

# name, lines of solve, the answer
PROGRAMS: list[tuple[str, str, object]] = [
    ("who am I", "who = await hf_whoami()\nreturn who['item']['username']", "alice"),
    ("my organizations", "return (await hf_whoami())['item']['organizations']", ["acme"]),
    ("how many follow me", "me = await hf_user_summary()\nreturn me['item']['overview']['followers']", 250),
    ("the same in the newer words", "me = await hf_profile_summary()\nreturn me['item']['followers_count']", 250),
    ("social links", "p = await hf_profile_summary(handle='alice')\nreturn [p['item'].get(k) for k in ('github_url', 'twitter_url', 'linkedin_url')]",
     ["https://github.com/alice-gh", "https://twitter.com/alice_x", None]),
    ("followers by count only", "g = await hf_user_graph(username='alice', count_only=True)\nreturn [g['meta']['total'], g['meta']['exact_count'], len(g['items'])]", [250, True, 0]),
    ("Pro followers, older words", "g = await hf_user_graph(relation='followers', pro_only=True, return_limit=2, fields=['username', 'isPro'])\nreturn g['items']",
     [{"username": "fan0", "isPro": True}, {"username": "fan3", "isPro": True}]),
    ("Pro followers, newer words", "g = await hf_user_graph(username='alice', where={'is_pro': True}, limit=2, fields=['username', 'is_pro'])\nreturn g['items']",
     [{"username": "fan0", "is_pro": True}, {"username": "fan3", "is_pro": True}]),
    ("share of Pro among all", "g = await hf_user_graph(username='alice')\npro = sum(1 for r in g['items'] if r['isPro'])\nreturn round(pro / len(g['items']), 3)", 0.336),
    ("who follows me and is followed", "a, b = await asyncio.gather(hf_user_graph(username='alice'), hf_user_graph(username='alice', relation='following'))\nreturn len({r['username'] for r in a['items']} & {r['username'] for r in b['items']})", 0),
    ("a sample is not everything", "g = await hf_user_graph(username='alice', limit=20)\nm = g['meta']\nreturn {'results': len(g['items']), 'coverage': {'partial': m['more_available'], 'seed_total': m['total'], 'reason': m['truncated_by']}}",
     {"results": 20, "coverage": {"partial": True, "seed_total": 250, "reason": "limit"}}),
    ("followers of an organization", "return (await hf_user_graph(username='acme'))['meta']['entity_type']", "organization"),
    ("admins of an organization", "m = await hf_org_members('acme', where={'role': 'admin'})\nreturn [r['username'] for r in m['items']]", ["member0"]),
    ("organization overview, older words", "o = (await hf_org_overview('acme'))['item']\nreturn [o['displayName'], o['display_name'], o['members']]", ["Acme", "Acme", 2]),
    ("an organization nobody knows", "who, o = await asyncio.gather(hf_whoami(), hf_org_overview('nobody'))\nreturn [o['ok'], o['items'], o['meta']['code']]", [False, [], "not_found"]),
    ("who liked a model", "r = await hf_repo_likers(repo_id='acme/m1', repo_type='model', fields=['login'])\nreturn [x['login'] for x in r['items']][:2]", ["bob", "liker0"]),
    ("do likers follow me", "l, f = await asyncio.gather(hf_repo_likers('acme/m1', 'model'), hf_user_graph(username='alice'))\nreturn [x['username'] for x in l['items'] if x['username'] in {y['username'] for y in f['items']}]", []),
    ("latest likes", "l = await hf_user_likes(username='alice', limit=2, fields=['repo_id'])\nreturn l['items']", [{"repo_id": "acme/m0"}, {"repo_id": "acme/m1"}]),
    ("most liked of my likes", "l = await hf_user_likes(sort='repoLikes', return_limit=1)\nreturn [l['item']['repo_id'], l['meta']['ranking_complete']]", ["acme/m5", True]),
    ("most downloaded of my likes", "l = await hf_user_likes(sort='repo_downloads', limit=1, fields=['repo_id', 'downloads'])\nreturn l['item']", {"repo_id": "acme/m0", "downloads": 1000}),
    ("likes above a number", "l = await hf_user_likes(where={'repo_likes': {'gte': 4}}, fields=['repo_id'])\nreturn [r['repo_id'] for r in l['items']]", ["acme/m4", "acme/m5"]),
    ("likes by author", "l = await hf_user_likes()\ncount = {}\nfor r in l['items']:\n    count[r['repo_author']] = count.get(r['repo_author'], 0) + 1\nreturn count", {"acme": 6}),
    ("what did alice do", "a = await hf_recent_activity('user', 'alice', return_limit=2)\nreturn [r['event_type'] for r in a['items']]", ["like", "upvote"]),
    ("only updates", "a = await hf_recent_activity(entity='alice', activity_types=['update'], limit=1, fields=['type', 'time'])\nreturn a['items']", [{"type": "update", "time": "2026-09-25T02:00:00.000Z"}]),
    ("events by kind over three pages", "a = await hf_recent_activity(entity='alice', max_pages=3)\nn = {}\nfor r in a['items']:\n    n[r['event_type']] = n.get(r['event_type'], 0) + 1\nreturn [n, a['meta']['truncated_by']]", [{"like": 3, "upvote": 3, "update": 3}, "page_limit"]),
    ("open discussions", "d = await hf_repo_discussions('model', 'acme/m1', limit=3)\nreturn [[r['num'], r['status'], r['createdAt'] == r['created_at']] for r in d['items']]", [[23, "open", True], [22, "open", True], [21, "open", True]]),
    ("how many discussions", "d = await hf_repo_discussions(repo_type='model', repo_id='acme/m1', limit=1)\nreturn [d['meta']['total_count'], d['meta']['exact_count']]", [23, True]),
    ("latest comment", "d = await hf_repo_discussion_details('model', 'acme/m1', 1)\nreturn d['item']['latest_comment_text']", "hello"),
    ("an old name with one part", "r = await hf_repo_details('gpt2', repo_type='auto', fields=['repo_id', 'repo_type'])\nreturn r['item']", {"repo_id": "gpt2", "repo_type": "model"}),
    ("several at once, one missing", "r = await hf_repo_details(repo_ids=['acme/m2', 'no/such'], fields=['repo_id'])\nreturn [r['ok'], r['items'], r['meta']['failures'][0]['repo_id']]", [True, [{"repo_id": "acme/m2"}], "no/such"]),
    ("details in the list form", "calls = [hf_repo_details(f'acme/m{n}', repo_type='model') for n in range(12)]\nreturn sum([(await call)['item']['likes'] for call in calls])", 66),
    ("trending with its rank", "t = await hf_trending('model', limit=3, fields=['repo_id', 'trending_rank'])\nreturn t['items']", [{"repo_id": "moonshotai/Kimi-K3", "trending_rank": 1}]),
    ("trending Spaces only when they run", "t = await hf_trending(repo_type='spaces', where={'runtime_stage': 'RUNNING'}, fields=['repoId'])\nreturn t['items']", [{"repoId": "ginipick/FLUXllama"}]),
    ("papers of the day", "p = await hf_daily_papers(limit=2, fields=['title', 'rank'])\nreturn p['items']", [{"title": "Paper 0", "rank": 1}, {"title": "Paper 1", "rank": 2}]),
    ("papers raw", "r = await call_api('/api/daily_papers', params={'limit': 1})\nreturn [r['ok'], r['status'], r['data'][0]['title']]", [True, 200, "Paper 0"]),
    ("papers with the hyphen nobody has", "r = await call_api('/api/daily-papers')\nok = await hf_whoami()\nreturn [r['ok'], r['status']]", [False, 0]),
    ("a raw write", "r = await call_api('/api/models/acme/m1', method='POST', json_body={})\nok = await hf_whoami()\nreturn [r['ok'], 'reads only' in r['error']]", [False, True]),
    ("collections of an owner, another case", "c = await hf_collections_search(owner='ALICE', fields=['title', 'itemCount'])\nreturn c['items']", [{"title": "My tools", "itemCount": 1}]),
    ("what is in it", f"c = await hf_collection_items('{SLUG}', fields=['repo_id'])\nreturn c['items']", [{"repo_id": "alice/demo"}]),
    ("models in it", f"c = await hf_collection_items(collection_id='{SLUG}', repo_types=['models'], limit=5)\nreturn [c['ok'], c['items'], c['meta']['total']]", [True, [], 0]),
    ("search by words and author", "s = await hf_repo_search('m5', author='acme', limit=2, fields=['repoId'])\nreturn s['items']", [{"repoId": "acme/m5"}, {"repoId": "acme/m50"}]),
    ("search in newer words", "s = await hf_models_search(search='m5', filter='gguf', sort='likes', limit=1, fields=['repo_id'])\nreturn s['items']", [{"repo_id": "acme/m5"}]),
    ("all types keep a place", "s = await hf_repo_search(author='acme', repo_types=['model', 'dataset', 'space'], limit=3)\nreturn sorted(r['repo_type'] for r in s['items'])", ["dataset", "model", "space"]),
    ("big models only", "s = await hf_models_search(post_filter={'num_params': {'gte': 7 * 10**9}}, limit=1, fields=['num_params'])\nreturn s['items']", [{"num_params": 7_000_000_000}]),
    ("datasets and Spaces by their own searches", "d, s = await asyncio.gather(hf_datasets_search(limit=1), hf_spaces_search(limit=1))\nreturn [d['item']['repo_url'].split('/')[-3:], s['item']['repo_url'].split('/')[-3:]]", [["datasets", "acme", "d0"], ["spaces", "acme", "s0"]]),
    ("an operator nobody has", "s = await hf_repo_search(where={'likes': {'gt': 5}})\nok = await hf_whoami()\nreturn ['gte' in s['error'], s['items']]", [True, []]),
    ("a column nobody has", "s = await hf_repo_search(fields=['stars'])\nok = await hf_whoami()\nreturn 'likes' in s['error']", True),
    ("fields as one text", "s = await hf_whoami()\nname = 'repo_id'\nr = await hf_repo_search(fields=name)\nreturn r['ok']", False),
    ("words of JSON", "who = await hf_whoami()\nreturn [true, false, null, who['ok'] == true]", [True, False, None, True]),
    ("the question is there", "who = await hf_whoami()\nreturn [query, max_calls]", ["what?", 400]),
    ("modules that are ready", "who = await hf_whoami()\nreturn [json.loads('[1]'), re.sub('a', 'b', 'aa'), math.floor(2.5), datetime.date(2026, 1, 2).isoformat()]", [[1], "bb", 2, "2026-01-02"]),
    ("functions and sorting", "rows = (await hf_models_search(limit=5))['items']\ndef key(row):\n    return -row['likes']\nreturn [r['repo_id'] for r in sorted(rows, key=key)][:2]", ["acme/m4", "acme/m3"]),
    ("a join over two helpers", "likes = await hf_user_likes(limit=3)\ncalls = [hf_repo_likers(r['repo_id'], r['repo_type']) for r in likes['items']]\nanswers = [await c for c in calls]\nreturn {r['repo_id']: a['meta']['total'] for r, a in zip(likes['items'], answers) if a['ok']}", {"acme/m1": 5}),
    ("labels counted over the rows of a dataset", "r = await hf_dataset_rows('acme/films', limit=120)\nn = {}\nfor one in r['items']:\n    n[one['row']['label']] = n.get(one['row']['label'], 0) + 1\nreturn [n, r['meta']['rows_total']]", [{"0": 120}, 250]),
    ("what the runtime limits", "c = await hf_runtime_capabilities(section='limits')\nreturn c['item']['content']['max_calls']", 400),
    ("signatures as data", "c = await hf_runtime_capabilities('helpers')\nreturn c['item']['content']['hf_trending']['signature']", "await hf_trending(repo_type: str = 'model', limit: int = 20, where: dict = None, fields: list = None)"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "answer"), [case[1:] for case in PROGRAMS], ids=[case[0] for case in PROGRAMS])
def test_the_answer_of_a_program(hub, body, answer):
    outcome = hub.body(body)
    assert outcome.error is None and outcome.ok, outcome.error
    assert outcome.result == answer


def test_there_are_programs_for_every_helper():
    from core.query import HELPERS

    text = "\n".join(body for _, body, _ in PROGRAMS)
    assert [name for name in HELPERS if f"{name}(" not in text] == [] and len(PROGRAMS) >= 40
