"""The fields of a contact. Change them here; routes, database and page follow."""

from pydantic import BaseModel, Field

PLURAL = "contacts"


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    email: str = Field(max_length=200, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="name@example.org")
    phone: str = Field("", max_length=40, pattern=r"^[0-9 +()/.-]*$")


SAMPLES = [Item(name="Ada Lovelace", email="ada@example.org"), Item(name="Grace Hopper", email="grace@example.org", phone="+1 202 555 0142")]
