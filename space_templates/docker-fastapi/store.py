"""The items in SQLite: one file beside the code, or memory where nothing can be written."""

import os
import sqlite3
import threading
from pathlib import Path

from item import SAMPLES, Item
from settings import MOST_ITEMS


class Full(Exception):
    """There are as many items as there may be."""


class Store:
    def __init__(self, path: str | None = None):
        self._lock = threading.Lock()
        self._db = self._open(path or os.environ.get("DATABASE", str(Path(__file__).with_name("items.sqlite"))))
        with self._db:
            self._db.execute("CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL)")
        if not self.count():
            for item in SAMPLES:
                self.add(item)

    @staticmethod
    def _open(path: str) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(path, check_same_thread=False)
            db.execute("CREATE TABLE IF NOT EXISTS writable (x)")
            return db
        except sqlite3.OperationalError:
            return sqlite3.connect(":memory:", check_same_thread=False)

    def count(self) -> int:
        with self._lock:
            return self._db.execute("SELECT count(*) FROM items").fetchone()[0]

    def list(self, search: str = "", skip: int = 0, limit: int = 50) -> list[dict]:
        sql = "SELECT id, data FROM items WHERE data LIKE ? ESCAPE '!' ORDER BY id DESC LIMIT ? OFFSET ?"
        pattern = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        with self._lock:
            return [_shape(row) for row in self._db.execute(sql, (f"%{pattern}%", limit, skip))]

    def get(self, id: int) -> dict | None:
        with self._lock:
            row = self._db.execute("SELECT id, data FROM items WHERE id = ?", (id,)).fetchone()
        return _shape(row) if row else None

    def add(self, item: Item) -> dict:
        if self.count() >= MOST_ITEMS:
            raise Full
        with self._lock, self._db:
            id = self._db.execute("INSERT INTO items (data) VALUES (?)", (item.model_dump_json(),)).lastrowid
        return {"id": id, **item.model_dump(mode="json")}

    def replace(self, id: int, item: Item) -> dict | None:
        with self._lock, self._db:
            found = self._db.execute("UPDATE items SET data = ? WHERE id = ?", (item.model_dump_json(), id)).rowcount
        return {"id": id, **item.model_dump(mode="json")} if found else None

    def delete(self, id: int) -> bool:
        with self._lock, self._db:
            return bool(self._db.execute("DELETE FROM items WHERE id = ?", (id,)).rowcount)


def _shape(row: tuple) -> dict:
    return {"id": row[0], **Item.model_validate_json(row[1]).model_dump(mode="json")}
