"""The fields of a task. Change them here; routes, database and page follow."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

PLURAL = "tasks"


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200, description="What is to be done")
    done: bool = False
    due: date | None = Field(None, description="YYYY-MM-DD")
    priority: Literal["low", "normal", "high"] = "normal"


SAMPLES = [Item(title="Try the form below", priority="high"), Item(title="Read the routes", done=True)]
