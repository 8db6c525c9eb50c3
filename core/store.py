"""What must outlive the process, in one SQLite file (WAL). The one place with SQL.

`runs`: one row a build or deploy, with its plan, state and result; a run that a killed server left
`running` is `interrupted` after the next start. `audit`: who called which action that changes something.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from core.errors import StorageFull

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
    status TEXT NOT NULL, started REAL NOT NULL, ended REAL, result TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_owner ON runs (owner, started DESC);
CREATE TABLE IF NOT EXISTS audit (
    at REAL NOT NULL, caller TEXT NOT NULL, door TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL
);
"""
_KEEP_RUNS = 5_000
_KEEP_AUDIT = 50_000


class Store:
    """An open database. Thread-safe; each call is one short transaction."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        with self._lock, self._connection:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
            self._connection.execute("UPDATE runs SET status = 'interrupted', ended = ? WHERE status = 'running'", (time.time(),))
            self._connection.execute(
                "DELETE FROM runs WHERE id NOT IN (SELECT id FROM runs ORDER BY started DESC LIMIT ?)", (_KEEP_RUNS,)
            )
            self._connection.execute("DELETE FROM audit WHERE rowid <= (SELECT max(rowid) FROM audit) - ?", (_KEEP_AUDIT,))

    def _execute(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        try:
            with self._lock, self._connection:
                return self._connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if "full" in str(error) or "readonly" in str(error):
                raise StorageFull("The database cannot be written, the disk is full or read-only.") from None
            raise

    def begin_run(self, owner: str, kind: str, title: str) -> str:
        """Record that a run starts; returns its id."""
        run = uuid.uuid4().hex
        self._execute(
            "INSERT INTO runs (id, owner, kind, title, status, started) VALUES (?, ?, ?, ?, 'running', ?)",
            (run, owner, kind, title[:200], time.time()),
        )
        return run

    def end_run(self, run: str, status: str, result: dict[str, Any]) -> None:
        """Record how a run ended: `completed`, `failed` or `cancelled`, and what it gave."""
        self._execute(
            "UPDATE runs SET status = ?, ended = ?, result = ? WHERE id = ?",
            (status, time.time(), json.dumps(result, default=str), run),
        )

    def runs(self, owner: str, limit: int = 50) -> list[dict[str, Any]]:
        """The owner's runs, newest first."""
        rows = self._execute("SELECT * FROM runs WHERE owner = ? ORDER BY started DESC LIMIT ?", (owner, limit))
        return [{**dict(row), "result": json.loads(row["result"]) if row["result"] else None} for row in rows]

    def record(self, caller: str, door: str, action: str, outcome: str) -> None:
        """One line of the audit: who called what through which door, and `ok` or the error's code."""
        self._execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", (time.time(), caller, door, action, outcome))

    def audit(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest lines of the audit."""
        return [dict(row) for row in self._execute("SELECT * FROM audit ORDER BY rowid DESC LIMIT ?", (limit,))]

    def check(self) -> None:
        """Raises when the database cannot be read."""
        self._execute("SELECT 1", ())

    def close(self) -> None:
        with self._lock:
            self._connection.close()
