"""What must outlive the process, in one SQLite file (WAL). The one place with SQL.

`runs`: one row a build or deploy, with its plan, state and result; a run that a killed server left
`running` is `interrupted` after the next start. `audit`: who called which action that changes something.
`spending`: one row an attempt at a model, with what was reserved and what it cost; `spent`: the sum of each
scope (a caller's day, a session, the instance's day), kept in the same transaction, so a limit is one look-up.
What a killed server left reserved stays counted, as `presumed`. `receipts`: who answered, never what was asked.
`seals`: the salts of the encrypted keys that browsers keep; no key, and without the salt no copy opens.
`queries`: programs over the Hub that somebody keeps and shares, never changed afterwards.
`chats`: conversations with the agent; `chat_events` is what happened in them, `chat_messages` what the model is told next.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import StorageFull, TooLarge

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
    status TEXT NOT NULL, started REAL NOT NULL, ended REAL, result TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_owner ON runs (owner, started DESC);
CREATE TABLE IF NOT EXISTS audit (
    at REAL NOT NULL, caller TEXT NOT NULL, door TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS spending (
    id TEXT PRIMARY KEY, at REAL NOT NULL, owner TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    paid_by TEXT NOT NULL, scopes TEXT NOT NULL, reserved REAL NOT NULL, counted REAL NOT NULL, cost REAL, state TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS spent (scope TEXT PRIMARY KEY, usd REAL NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS receipts (id TEXT PRIMARY KEY, at REAL NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipts_by_owner ON receipts (owner, at DESC);
CREATE TABLE IF NOT EXISTS seals (id TEXT PRIMARY KEY, browser TEXT NOT NULL, salt BLOB NOT NULL, until REAL NOT NULL);
CREATE INDEX IF NOT EXISTS seals_by_browser ON seals (browser);
CREATE TABLE IF NOT EXISTS queries (id TEXT PRIMARY KEY, at REAL NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS queries_by_owner ON queries (owner, at);
CREATE TABLE IF NOT EXISTS chats (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL, project TEXT, status TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, settings TEXT NOT NULL, state TEXT NOT NULL, spent TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS chats_by_owner ON chats (owner, updated);
CREATE TABLE IF NOT EXISTS chat_events (
    chat TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, size INTEGER NOT NULL, picture INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (chat, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chat_messages (chat TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (chat, number)) WITHOUT ROWID;
"""
_KEEP_RUNS = 5_000
_KEEP_AUDIT = 50_000
_KEEP_SPENDING = 100_000
_KEEP_RECEIPTS = 20_000
_KEEP_SEALS = 200_000
_KEEP_SEALS_OF_ONE = 32
_KEEP_QUERIES = 5_000
_KEEP_QUERIES_OF_ONE = 200
_KEEP_CHATS_OF_ONE = 200
_KEEP_CHATS = 10_000
_KEEP_DAYS = 40 * 86_400
_CHAT_FIELDS = ("title", "project", "status", "settings", "state", "spent")


class Store:
    """An open database. Thread-safe; each call is one short transaction."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._batching = False
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
            self._connection.execute("UPDATE spending SET state = 'presumed' WHERE state = 'reserved'")
            self._connection.execute("DELETE FROM spending WHERE rowid <= (SELECT max(rowid) FROM spending) - ?", (_KEEP_SPENDING,))
            self._connection.execute("DELETE FROM spent WHERE scope LIKE 'day:%' AND at < ?", (time.time() - _KEEP_DAYS,))
            self._connection.execute("DELETE FROM receipts WHERE rowid <= (SELECT max(rowid) FROM receipts) - ?", (_KEEP_RECEIPTS,))
            # Sessions end with the process: what was said in them can be reached by nobody any longer.
            _drop_chats(self._connection, [row["id"] for row in self._connection.execute("SELECT id FROM chats WHERE owner LIKE 'session:%'").fetchall()])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if self._batching:
                    yield self._connection  # the batch commits
                else:
                    with self._connection:
                        yield self._connection
        except sqlite3.OperationalError as error:
            if "full" in str(error) or "readonly" in str(error):
                raise StorageFull("The database cannot be written, the disk is full or read-only.") from None
            raise

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction for every call of this thread inside the block; all is kept, or nothing."""
        with self._lock, self._transaction():
            self._batching = True
            try:
                yield
            finally:
                self._batching = False

    def _execute(self, sql: str, values: tuple[Any, ...]) -> list[sqlite3.Row]:
        with self._transaction() as connection:
            return connection.execute(sql, values).fetchall()

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

    def reserve(
        self, row: str, usd: float, limits: Mapping[str, float | None], *, owner: str, provider: str, model: str, paid_by: str
    ) -> tuple[str, float] | None:
        """Count `usd` in every scope of `limits` at once, or in none of them.

        Args:
            row: id of the attempt, unique.
            limits: scope → the most its sum may be in USD; None counts without a limit.
        Returns None when it is reserved, else the first scope whose limit stands against it, and its sum so far.
        """
        now = time.time()
        with self._transaction() as connection:
            sums = _sums(connection, limits)
            for scope, limit in limits.items():
                if limit is not None and sums[scope] + usd > limit:
                    return scope, sums[scope]
            connection.executemany(
                "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT (scope) DO UPDATE SET usd = usd + excluded.usd, at = excluded.at",
                [(scope, usd, now) for scope in limits],
            )
            connection.execute(
                "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 'reserved')",
                (row, now, owner, provider[:100], model[:200], paid_by, json.dumps(list(limits)), usd, usd),
            )
        return None

    def settle(self, row: str, counted: float, cost: float | None) -> None:
        """Replace a reservation by what is counted, in every scope it was counted in; `cost` None is unknown. Once a row."""
        with self._transaction() as connection:
            found = connection.execute("SELECT scopes, counted FROM spending WHERE id = ? AND state = 'reserved'", (row,)).fetchone()
            if found is None:
                return
            change = counted - found["counted"]
            connection.executemany(
                "UPDATE spent SET usd = max(0, usd + ?) WHERE scope = ?", [(change, scope) for scope in json.loads(found["scopes"])]
            )
            connection.execute("UPDATE spending SET counted = ?, cost = ?, state = 'settled' WHERE id = ?", (counted, cost, row))

    def spent(self, scopes: Iterable[str]) -> dict[str, float]:
        """The sum of each scope in USD; 0 for one nothing was counted in."""
        with self._transaction() as connection:
            return _sums(connection, scopes)

    def keep_receipt(self, id: str, at: float, owner: str, body: Mapping[str, Any]) -> None:
        """Keep a receipt; one of the same id is left as it is."""
        self._execute("INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?)", (id, at, owner, json.dumps(body)))

    def receipts(self, owner: str, *, limit: int = 50, before: float | None = None) -> list[dict[str, Any]]:
        """The owner's receipts, newest first; `before` (epoch seconds) pages on."""
        rows = self._execute(
            "SELECT body FROM receipts WHERE owner = ? AND at < ? ORDER BY at DESC LIMIT ?", (owner, before or 1e12, limit)
        )
        return [json.loads(row["body"]) for row in rows]

    def keep_seal(self, id: str, browser: str, salt: bytes, until: float) -> None:
        """Keep the salt of a copy until then (epoch seconds); the oldest go when a browser, or all of them, have too many."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM seals WHERE until < ?", (time.time(),))
            connection.execute("INSERT INTO seals VALUES (?, ?, ?, ?)", (id, browser, salt, until))
            newest = "SELECT rowid FROM seals WHERE browser = ? ORDER BY rowid DESC LIMIT ?"
            connection.execute(f"DELETE FROM seals WHERE browser = ? AND rowid NOT IN ({newest})", (browser, browser, _KEEP_SEALS_OF_ONE))
            connection.execute("DELETE FROM seals WHERE rowid <= (SELECT max(rowid) FROM seals) - ?", (_KEEP_SEALS,))

    def find_seal(self, id: str, browser: str) -> bytes | None:
        """The salt of that browser's copy, or None when it has expired or was dropped."""
        rows = self._execute("SELECT salt FROM seals WHERE id = ? AND browser = ? AND until >= ?", (id, browser, time.time()))
        return bytes(rows[0]["salt"]) if rows else None

    def drop_seals(self, *, browser: str | None = None, id: str | None = None) -> int:
        """Forget the copies of that browser, or the one of that id, or of both; how many there were."""
        where = {name: value for name, value in (("browser", browser), ("id", id)) if value is not None}
        if not where:
            return 0
        with self._transaction() as connection:
            names = " AND ".join(f"{name} = ?" for name in where)
            return connection.execute(f"DELETE FROM seals WHERE {names}", tuple(where.values())).rowcount

    def keep_query(self, owner: str, body: Mapping[str, Any], *, largest: int) -> str:
        """Keep a program under an id nobody guesses; the oldest go when its owner, or all of them, have too many.

        Raises `TooLarge` when the body has more than `largest` characters of JSON.
        """
        text, id = json.dumps(body, default=str), uuid.uuid4().hex
        if len(text) > largest:
            raise TooLarge(f"This is {len(text):,} characters; at most {largest:,} are kept.", "Keep it without the result, or ask for fewer rows.")
        with self._transaction() as connection:
            connection.execute("INSERT INTO queries VALUES (?, ?, ?, ?)", (id, time.time(), owner, text))
            newest = "SELECT rowid FROM queries WHERE owner = ? ORDER BY rowid DESC LIMIT ?"
            connection.execute(f"DELETE FROM queries WHERE owner = ? AND rowid NOT IN ({newest})", (owner, owner, _KEEP_QUERIES_OF_ONE))
            connection.execute("DELETE FROM queries WHERE rowid <= (SELECT max(rowid) FROM queries) - ?", (_KEEP_QUERIES,))
        return id

    def query(self, id: str) -> dict[str, Any] | None:
        """A kept program with `id, at, owner` and what was kept, or None."""
        rows = self._execute("SELECT * FROM queries WHERE id = ?", (id,))
        return {**json.loads(rows[0]["body"]), "id": id, "at": rows[0]["at"], "owner": rows[0]["owner"]} if rows else None

    def make_chat(self, owner: str, title: str, project: str | None, settings: Mapping[str, Any]) -> str:
        """Begin a chat; its id. The ones that were quiet longest go when the owner, or all of them, have too many."""
        id, now = uuid.uuid4().hex, time.time()
        with self._transaction() as connection:
            row = (id, owner, title, project, "new", now, now, json.dumps(settings), "{}", "{}")
            connection.execute("INSERT INTO chats VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            quiet = "SELECT id FROM chats WHERE status != 'running'"
            gone = connection.execute(f"{quiet} AND owner = ? ORDER BY updated DESC LIMIT -1 OFFSET ?", (owner, _KEEP_CHATS_OF_ONE)).fetchall()
            # Sessions are free to open: one who opens many pushes out what sessions keep, never what an account does.
            order = "ORDER BY id != ?, owner LIKE 'session:%', updated DESC LIMIT -1 OFFSET ?"
            gone += connection.execute(f"{quiet} {order}", (id, _KEEP_CHATS)).fetchall()
            _drop_chats(connection, [row["id"] for row in gone])
        return id

    def change_chat(self, id: str, **fields: Any) -> None:
        """Write title, project, status, settings, state or spent of a chat anew; the last three are objects."""
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in fields.items() if name in _CHAT_FIELDS}
        names = ", ".join(f"{name} = ?" for name in ("updated", *values))
        self._execute(f"UPDATE chats SET {names} WHERE id = ?", (time.time(), *values.values(), id))

    def chat(self, id: str) -> dict[str, Any] | None:
        """A chat without its events and messages, or None."""
        rows = self._execute("SELECT * FROM chats WHERE id = ?", (id,))
        return _chat(rows[0]) if rows else None

    def chats(self, owner: str, limit: int = _KEEP_CHATS_OF_ONE) -> list[dict[str, Any]]:
        """The owner's chats, the one that changed last first."""
        return [_chat(row) for row in self._execute("SELECT * FROM chats WHERE owner = ? ORDER BY updated DESC, rowid DESC LIMIT ?", (owner, limit))]

    def running_chats(self) -> list[str]:
        """The chats whose turn had not ended when they were last written."""
        return [row["id"] for row in self._execute("SELECT id FROM chats WHERE status = 'running'", ())]

    def drop_chat(self, id: str) -> None:
        """Forget a chat with all its events and messages."""
        with self._transaction() as connection:
            _drop_chats(connection, [id])

    def hand_over(self, source: str, target: str) -> None:
        """Make the runs and kept programs of one owner another's."""
        with self._transaction() as connection:
            for table in ("runs", "queries"):
                connection.execute(f"UPDATE {table} SET owner = ? WHERE owner = ?", (target, source))

    def hand_over_receipts(self, source: str, target: str) -> None:
        """Make the receipts of one owner another's."""
        self._execute("UPDATE receipts SET owner = ? WHERE owner = ?", (target, source))

    def hand_over_chats(self, source: str, target: str, staying: Collection[str]) -> None:
        """Make the chats of one owner another's, but for those about these projects."""
        places = ", ".join("?" * len(staying))
        self._execute(f"UPDATE chats SET owner = ? WHERE owner = ? AND coalesce(project, '') NOT IN ({places})", (target, source, *staying))

    def drop_chats_of(self, owner: str) -> None:
        """Forget every chat of that owner."""
        with self._transaction() as connection:
            _drop_chats(connection, [row["id"] for row in connection.execute("SELECT id FROM chats WHERE owner = ?", (owner,)).fetchall()])

    def add_chat_events(self, id: str, events: Iterable[tuple[int, float, bool, str]]) -> None:
        """Append events of a chat that is there, each as number, time, whether it has a picture, and body."""
        rows = [(id, seq, at, len(body), picture, body, id) for seq, at, picture, body in events]
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO chat_events SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM chats WHERE id = ?)", rows)

    def chat_events(self, id: str, *, after: int = 0, limit: int = 500) -> list[str]:
        """Bodies of the events after that number, in order."""
        rows = self._execute("SELECT body FROM chat_events WHERE chat = ? AND seq > ? ORDER BY seq LIMIT ?", (id, after, limit))
        return [row["body"] for row in rows]

    def chat_pictures(self, id: str) -> list[tuple[int, str]]:
        """Number and body of the events that have a picture, newest first."""
        rows = self._execute("SELECT seq, body FROM chat_events WHERE chat = ? AND picture = 1 ORDER BY seq DESC", (id,))
        return [(row["seq"], row["body"]) for row in rows]

    def chat_size(self, id: str) -> tuple[int, int]:
        """The number of a chat's last event, 0 where there is none, and the characters of all of them."""
        row = self._execute("SELECT coalesce(max(seq), 0) AS last, coalesce(sum(size), 0) AS size FROM chat_events WHERE chat = ?", (id,))[0]
        return row["last"], row["size"]

    def cut_chat_events(self, id: str, *, since: int | None = None, characters: int | None = None) -> None:
        """Drop the events from number `since` on, or the oldest until at most so many characters are left."""
        if since is not None:
            self._execute("DELETE FROM chat_events WHERE chat = ? AND seq >= ?", (id, since))
        if characters is not None:
            sums = "SELECT seq, sum(size) OVER (ORDER BY seq DESC) AS so_far FROM chat_events WHERE chat = ?"
            self._execute(f"DELETE FROM chat_events WHERE chat = ? AND seq IN (SELECT seq FROM ({sums}) WHERE so_far > ?)", (id, id, characters))

    def keep_chat_messages(self, id: str, since: int, bodies: Iterable[str]) -> None:
        """Replace the messages of a chat that is there, from number `since` (0 is the first) on."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM chat_messages WHERE chat = ? AND number >= ?", (id, since))
            rows = [(id, number, body, id) for number, body in enumerate(bodies, since)]
            connection.executemany("INSERT INTO chat_messages SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM chats WHERE id = ?)", rows)

    def chat_messages(self, id: str) -> list[str]:
        """Bodies of the messages, in order."""
        return [row["body"] for row in self._execute("SELECT body FROM chat_messages WHERE chat = ? ORDER BY number", (id,))]

    def check(self) -> None:
        """Raises when the database cannot be read."""
        self._execute("SELECT 1", ())

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _sums(connection: sqlite3.Connection, scopes: Iterable[str]) -> dict[str, float]:
    sums = {}
    for scope in scopes:
        row = connection.execute("SELECT usd FROM spent WHERE scope = ?", (scope,)).fetchone()
        sums[scope] = row["usd"] if row else 0.0
    return sums


def _chat(row: sqlite3.Row) -> dict[str, Any]:
    return dict(row) | {name: json.loads(row[name]) for name in ("settings", "state", "spent")}


def _drop_chats(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    for id in ids:
        for table, column in (("chat_events", "chat"), ("chat_messages", "chat"), ("chats", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (id,))
