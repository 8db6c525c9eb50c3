"""What the outside cannot see of running Spaces: room for a bounded number, no process left behind, what is kept on disk."""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import asynccontextmanager

import psutil
import pytest

from core.box.tree import alive
from core.errors import InvalidInput, PaymentRequired, StorageFull, TooLarge
from core.git import Delete, Put
from core.localhub import LocalHub, desired, hardware, runtime
from core.localhub.builds import CannotBuild, plan, read_files
from core.localhub.desired import Desired, with_value, without_value
from core.localhub.names import RepoId
from core.localhub.repos import Repo
from core.localhub.users import Identity, Org, Token, User
from core.preview import Limits, Previews
from tests.hub.space_apps import page, readme, web_app

REPO = Repo("0123456789abcdef01234567", RepoId("space", "anna", "demo"), False, "2026-01-01T00:00:00.000Z", "anna", "gradio")


@asynccontextmanager
async def living_hub(folder):
    """A hub in this process, with its Spaces."""
    previews = Previews(folder / "previews")
    hub = LocalHub(folder, previews=previews, prefix="/hub")
    await hub.start()
    try:
        yield hub
    finally:
        await hub.close()
        await previews.close()


async def make(hub, name: str, files: dict[str, str], sdk: str) -> Repo:
    puts = [Put(path, text.encode()) for path, text in files.items()]
    return await asyncio.to_thread(
        lambda: hub.repos.create(RepoId("space", "local", name), creator="local", email="l@example.org", sdk=sdk, files=puts)
    )


async def stage(hub, repo: Repo, *wanted: str) -> str:
    async with asyncio.timeout(30):
        while (now := hub.describe_space(repo, "http://h")["runtime"]["stage"]) not in wanted:
            await asyncio.sleep(0.05)
    return now


def apps() -> list[psutil.Process]:
    """Everything below this process but those that apps are forked from, which stay."""
    return [process for process in alive(psutil.Process().children(recursive=True)) if not is_zygote(process)]


def is_zygote(process: psutil.Process) -> bool:
    return process.ppid() == psutil.Process().pid and "zygote.py" in " ".join(process.cmdline())


def test_only_so_many_spaces_run_and_the_one_unused_for_longest_sleeps(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "MAX_RUNNING", 2)

    async def story():
        async with living_hub(tmp_path) as hub:
            static = await make(hub, "page", page("x"), "static")
            first, second = [await make(hub, name, web_app(name), "docker") for name in ("first", "second")]
            await asyncio.gather(stage(hub, first, "RUNNING"), stage(hub, second, "RUNNING"))
            for preview in hub.previews.list("space:local/first"):
                preview.touch()
            third = await make(hub, "third", web_app("third"), "docker")
            await stage(hub, third, "RUNNING")
            assert await stage(hub, second, "SLEEPING") == "SLEEPING"
            assert hub.describe_space(first, "")["runtime"]["stage"] == "RUNNING"
            assert hub.describe_space(static, "")["runtime"]["stage"] == "RUNNING"

    asyncio.run(story())


def test_many_pushes_and_a_deletion_leave_no_process_and_no_folder(tmp_path):
    async def story():
        async with living_hub(tmp_path) as hub:
            before = len(apps())
            repo = await make(hub, "busy", web_app("0"), "docker")
            git = hub.repos.git(repo)
            for number in range(8):
                put = Put("main.py", web_app(str(number))["main.py"].encode())
                sha = await asyncio.to_thread(git.commit, [put], "next", author="a", email="a@b.c")
                hub.repos.notify(repo, "refs/heads/main", sha)
                await asyncio.sleep(0.05 * number)
            await stage(hub, repo, "RUNNING")
            assert hub.describe_space(repo, "")["runtime"]["sha"] == sha
            async with asyncio.timeout(15):
                while len(list((tmp_path / "previews" / "live").iterdir())) > 1:
                    await asyncio.sleep(0.1)
            await asyncio.to_thread(hub.repos.delete, repo)
            async with asyncio.timeout(15):
                while len(apps()) > before or list((tmp_path / "previews" / "live").iterdir()):
                    await asyncio.sleep(0.1)

    asyncio.run(story())


def test_two_that_start_slowly_do_not_keep_a_third_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr("core.localhub.launcher.TURN_SECONDS", 0.2)

    async def story():
        async with living_hub(tmp_path) as hub:
            slow = {"README.md": readme("gradio"), "app.py": "import time\ntime.sleep(60)\n"}
            waiting = [await make(hub, f"slow{number}", slow, "gradio") for number in range(2)]
            third = await make(hub, "third", web_app("quick"), "docker")
            assert await stage(hub, third, "RUNNING") == "RUNNING"
            assert {hub.describe_space(repo, "")["runtime"]["stage"] for repo in waiting} == {"APP_STARTING"}

    asyncio.run(story())


def test_removing_the_application_file_leaves_the_old_revision_and_says_why(tmp_path):
    async def story():
        async with living_hub(tmp_path) as hub:
            repo = await make(hub, "page", page("kept"), "static")
            await stage(hub, repo, "RUNNING")
            running = hub.describe_space(repo, "")["runtime"]["sha"]
            git = hub.repos.git(repo)
            sha = await asyncio.to_thread(git.commit, [Delete("index.html")], "gone", author="a", email="a@b.c")
            hub.repos.notify(repo, "refs/heads/main", sha)
            await stage(hub, repo, "NO_APP_FILE")
            told = hub.describe_space(repo, "")["runtime"]
            assert told["sha"] == running and "index.html" in told["errorMessage"]

    asyncio.run(story())


def test_what_is_wanted_is_kept_for_its_owner_only_and_read_again(tmp_path):
    wished = Desired(subdomain="anna-demo", hardware="cpu-upgrade", sleep_seconds=60, used_at=12.5)
    wished = with_value(wished, "secrets", "KEY", "two\nlines and spaces", "what for")
    wished = with_value(wished, "variables", "MODE", "fast")
    desired.save(tmp_path, wished)
    assert desired.load(tmp_path) == wished
    assert stat.S_IMODE(os.stat(tmp_path / desired.FILE).st_mode) == 0o600 and len(list(tmp_path.iterdir())) == 1
    assert "two" not in repr(wished) and wished.key not in repr(wished)
    assert wished.secrets["KEY"].shown() == {"description": "what for", "updatedAt": wished.secrets["KEY"].updated_at}
    assert desired.load(tmp_path / "nowhere") is None


def test_a_damaged_file_is_put_aside_and_a_full_disk_leaves_the_one_there_is(tmp_path):
    for damage in ("", "[]", '{"state": "running"}', '{"secrets": {"A": 1}, "variables": {}}'):
        (tmp_path / desired.FILE).write_text(damage)
        assert desired.load(tmp_path) is None
        assert (tmp_path / f"{desired.FILE}.broken").read_text() == damage and not (tmp_path / desired.FILE).exists()
    with pytest.raises(StorageFull):
        desired.save(tmp_path / "no such folder", Desired())


def test_a_name_is_a_variable_or_a_secret_and_bounded():
    wished = with_value(Desired(), "variables", "A", "1")
    for kind, key, value in (("secrets", "A", "x"), ("variables", "9A", "x"), ("variables", "A-B", "x"), ("secrets", "B", "a\0b")):
        with pytest.raises(InvalidInput):
            with_value(wished, kind, key, value)
    with pytest.raises(TooLarge):
        with_value(wished, "secrets", "B", "x" * 100_001)
    assert without_value(without_value(wished, "variables", "A"), "variables", "A").variables == {}


def test_a_plan_names_what_is_missing(tmp_path):
    cases = {
        "NO_APP_FILE": {"README.md": readme("gradio").encode()},
        "CONFIG_ERROR": {"app.py": b"print()"},
    }
    for expected, files in cases.items():
        with pytest.raises(CannotBuild) as refused:
            plan(files, repo=REPO, desired=Desired(), mount="/s/x")
        assert refused.value.problem.stage == expected
    spec = plan(
        {"README.md": readme("gradio", "app_file: src/web.py", "startup_duration_timeout: 2m").encode(), "src/web.py": b""},
        repo=REPO,
        desired=with_value(Desired(subdomain="anna-demo"), "variables", "SPACE_TITLE", "own"),
        mount="/s/anna-demo",
    )
    assert (spec.app_file, spec.limits.start_seconds, spec.idle_seconds, spec.mount) == ("src/web.py", 120, None, "/s/anna-demo")
    assert spec.env["SPACE_TITLE"] == "own" and spec.env["SPACE_ID"] == "anna/demo"


def test_a_space_with_too_many_files_is_refused_before_they_are_read(tmp_path):
    async def story():
        async with living_hub(tmp_path) as hub:
            repo = await make(hub, "many", {f"f{n}.txt": str(n) for n in range(30)} | page("x"), "static")
            git = hub.repos.git(repo)
            with pytest.raises(CannotBuild, match="30|32"):
                read_files(git, git.head(), Limits(files=20))
            assert read_files(git, git.head(), Limits())["f7.txt"] == b"7"

    asyncio.run(story())


def test_hardware_follows_kind_and_purse():
    poor, rich = (Identity(User(name="anna", canPay=pays), Token(token="hf_x")) for pays in (False, True))
    assert hardware.check_request("zero-a10g", "gradio", poor, None) == "zero-a10g"
    assert hardware.check_request("t4-small", "docker", rich, None) == "t4-small"
    assert hardware.check_request("t4-small", "docker", poor, Org(name="acme", plan="team")) == "t4-small"
    for who, org in ((poor, None), (rich, Org(name="acme"))):
        with pytest.raises(PaymentRequired):
            hardware.check_request("t4-small", "docker", who, org)
    minutes = next(kind for kind in hardware.kinds() if kind["name"] == "t4-small")
    assert minutes["unitLabel"] == "minute" and round(minutes["unitCostUSD"] * 60, 2) == 0.40
