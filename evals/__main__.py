"""python -m evals --path rules|agent: builds the ideas with a server of its own and prints what works, tokens, cost, seconds, rungs.

    python -m evals --path rules
    EVALS_KEY=sk-… python -m evals --path agent --base-url https://openrouter.ai/api/v1 --model MODEL

The key is read from an environment variable, because arguments of a process can be read by others.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from evals.ideas import Idea, Result, ideas, summary, table
from evals.running import Client, Failed, run

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 120


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    one = argparse.ArgumentParser(prog="python -m evals", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    one.add_argument("--path", choices=("rules", "agent"), default="rules", help="who builds: templates and rules, or the agent")
    one.add_argument("--base-url", help="the model's OpenAI-compatible address; with it a key is needed")
    one.add_argument("--key", default="EVALS_KEY", metavar="VARIABLE", help="the environment variable that holds the key (default EVALS_KEY)")
    one.add_argument("--model", help="the model that builds; chosen by the agent when left out")
    one.add_argument("--only", action="append", metavar="ID", help="only this idea; may be given several times")
    one.add_argument("--limit-usd", type=float, default=1.0, help="the most one idea may cost (default 1.00)")
    one.add_argument("--seconds", type=float, default=1200, help="the longest one idea may take (default 1200)")
    one.add_argument("--json", type=Path, metavar="FILE", help="write every result there, too")
    return one.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run them one after the other; returns 0 when all were run, 2 when the arguments do not fit."""
    asked = arguments(given)
    chosen = [one for one in ideas() if not asked.only or one.id in asked.only]
    unknown = set(asked.only or ()) - {one.id for one in chosen}
    if unknown:
        print(f"There is no idea called {', '.join(sorted(unknown))}. There are: {', '.join(one.id for one in ideas())}.", file=sys.stderr)
        return 2
    if asked.path == "agent" and asked.base_url and not os.environ.get(asked.key):
        print(f"Put the key of {asked.base_url} into the environment variable {asked.key}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="spaces-os-evals-") as folder:
        results = _run_all(asked, chosen, Path(folder))
    print(table(results))
    if asked.json:
        told = {"path": asked.path, "model": asked.model, "all": summary(results), "ideas": [one.to_dict() for one in results]}
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _run_all(asked: argparse.Namespace, chosen: list[Idea], folder: Path) -> list[Result]:
    results = []
    with _server(asked, folder) as url:
        do = Client(url, seconds=asked.seconds)
        for number, idea in enumerate(chosen, 1):
            results.append(_one(do, idea, asked))
            done = results[-1]
            print(f"{number}/{len(chosen)} {idea.id}: {'works' if done.works else 'does not work'} in {done.seconds:.0f} s {done.said[:120]}", file=sys.stderr, flush=True)
    return results


def _one(do: Client, idea: Idea, asked: argparse.Namespace) -> Result:
    provider = "evals" if asked.base_url else None
    try:
        return run(do, idea, path=asked.path, model=asked.model, provider=provider, limit_usd=asked.limit_usd)
    except (Failed, httpx.HTTPError) as error:
        return Result(idea.id, False, said=f"The server: {error}"[:300], cost_usd=None)


@contextmanager
def _server(asked: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The address of a server with a fresh data directory and the Local Hub, with one provider when one is named; it ends with the block."""
    settings = folder / "evals.yaml"
    named = {"api_key": f"${{{asked.key}}}", "url": asked.base_url} | ({"models": [asked.model]} if asked.model else {})
    settings.write_text(yaml.safe_dump({"providers": {"evals": named}} if asked.base_url else {}))
    log = folder / "server.log"
    command = [sys.executable, str(ROOT / "app.py"), "--data", str(folder / "data"), "--host", "127.0.0.1", "--port", "0", "--hub", "local", "--config", str(settings)]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it answers, once it does."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        told = [word for word in log.read_text(errors="replace").split() if word.startswith("http://127.0.0.1:")]
        try:
            if told and httpx.get(told[-1].rstrip("/.,") + "/healthz", timeout=2).is_success:
                return told[-1].rstrip("/.,")
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise SystemExit("The server did not start:\n" + log.read_text(errors="replace")[-2000:])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that the server and its folder go, too
    sys.exit(main())
