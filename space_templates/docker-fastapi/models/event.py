"""The fields of an event. Change them here; routes, database and page follow."""

from datetime import date

from pydantic import BaseModel, Field

PLURAL = "events"


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    day: date = Field(description="YYYY-MM-DD")
    place: str = Field("", max_length=200)
    seats: int = Field(0, ge=0, le=100_000, description="0 for no limit")


SAMPLES = [Item(title="Opening", day=date(2026, 9, 1), place="Town hall", seats=80), Item(title="Workshop", day=date(2026, 9, 12), seats=20)]
