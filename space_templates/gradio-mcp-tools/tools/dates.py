"""Dates"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def days_between(start: str = "2026-01-01", end: str = "2026-12-31") -> dict:
    """Count the days, weeks and working days (Monday to Friday) from one date to another.

    Args:
        start: first date as YYYY-MM-DD; it counts.
        end: last date as YYYY-MM-DD; it does not count.
    """
    first, last = _date(start), _date(end)
    low, high = min(first, last), max(first, last)
    days = (high - low).days
    rest = [low + timedelta(days=days // 7 * 7 + extra) for extra in range(days % 7)]
    working = days // 7 * 5 + sum(day.weekday() < 5 for day in rest)
    sign = 1 if last >= first else -1
    return {"days": sign * days, "weeks": round(sign * days / 7, 2), "working_days": sign * working}


def add_days(start: str = "2026-01-31", days: int = 30) -> dict:
    """Find the date that lies some days after (or before) another, and its weekday.

    Args:
        start: date as YYYY-MM-DD.
        days: how many days later; negative for earlier.
    """
    try:
        found = _date(start) + timedelta(days=days)
    except OverflowError:
        raise ValueError("That date is outside of the calendar (years 1 to 9999).") from None
    return {"date": found.isoformat(), "weekday": found.strftime("%A"), "week": found.isocalendar().week}


def convert_time(moment: str = "2026-06-01T09:00", source: str = "Europe/Paris", target: str = "Asia/Tokyo") -> dict:
    """Convert a local time from one time zone to another, with daylight saving.

    Args:
        moment: local date and time as YYYY-MM-DDTHH:MM.
        source: time zone it is given in, such as Europe/Paris.
        target: time zone wanted, such as Asia/Tokyo.
    """
    try:
        there = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(source)).astimezone(ZoneInfo(target))
    except (ZoneInfoNotFoundError, ValueError, OverflowError) as error:
        raise ValueError(f"Not a time or a time zone: {error}") from None
    return {"time": there.strftime("%Y-%m-%dT%H:%M"), "weekday": there.strftime("%A"), "offset": there.strftime("%z")}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date; write it as YYYY-MM-DD.") from None
