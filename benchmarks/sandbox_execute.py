"""A program in a fresh box beside the same program started bare, in turns: `python benchmarks/sandbox_execute.py [rounds]`."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.box import Monitor, execute  # noqa: E402
from core.preview import Previews  # noqa: E402

PROGRAMS = {
    "python": ("pass", [sys.executable, "-c", "pass"]),
    "bash": (":", ["bash", "--noprofile", "--norc", "-c", ":"]),
    "node": ("0", ["node", "-e", "0"]),
}


def bare(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return (time.perf_counter() - began) * 1000


def boxed(previews: Previews, monitor: Monitor, runtime: str, code: str) -> float:
    began = time.perf_counter()
    done = execute(previews.engine, previews.places, code, runtime=runtime, monitor=monitor)
    passed = (time.perf_counter() - began) * 1000
    assert done.exit == 0, done
    return passed


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    root = Path(tempfile.mkdtemp())
    previews = Previews(root)
    try:
        status = previews.status()
        print(f"engine {status.engine}, sealed: {status.sealed}")
        for runtime, (code, command) in PROGRAMS.items():
            if shutil.which(command[0]) is None:
                print(f"{runtime:7} is not installed")
                continue
            boxed(previews, previews.monitor, runtime, code)
            pairs = [(bare(command), boxed(previews, previews.monitor, runtime, code)) for _ in range(rounds)]
            alone, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
            fastest, own = (min(column) for column in zip(*pairs, strict=True))
            print(
                f"{runtime:7} bare {alone:6.1f} ms  boxed {ours:6.1f} ms  × {ours / alone:.2f}   fastest {fastest:.1f} / {own:.1f} × {own / fastest:.2f}"
            )
    finally:
        previews.engine.close()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
