"""Numbers, sizes, times and states in the page's words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

# Every status has one word, one icon and one colour class, everywhere.
STATES: dict[str, tuple[str, str]] = {
    "idle": ("idle", "circle"),
    "waiting": ("next", "circle"),
    "working": ("working", "spinner"),
    "done": ("done", "check"),
    "warning": ("warning", "alert"),
    "failed": ("failed", "cross"),
    "stopped": ("stopped", "square"),
}


def state_word(state: str) -> str:
    """The one word of a state."""
    return STATES.get(state, STATES["idle"])[0]


def state_icon(state: str) -> str:
    """The one icon of a state."""
    return STATES.get(state, STATES["idle"])[1]


def size(count: float | None) -> str:
    """Bytes as `12 B`, `3.4 kB`, `42 MB`."""
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def seconds(value: float | None) -> str:
    """A duration as `<0.1 s`, `0.3 s`, `12 s`, `2 min 5 s`."""
    if value is None:
        return ""
    if value < 0.05:
        return "<0.1 s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 90:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(value: float | None) -> str:
    """A number people can read at a glance: 950, 1.2k, 34k, 5.1M."""
    if value is None:
        return "–"
    for limit, unit in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")):
        if value >= limit:
            short = value / limit
            return f"{short:.1f}{unit}" if short < 10 else f"{short:.0f}{unit}"
    return f"{value:.0f}"


def usd(value: float | None) -> str:
    """An amount of USD: `$0`, `$0.000012`, `$0.375`, `$0.40`, `$3`, or `unknown` for None, which is never nothing."""
    if value is None:
        return "unknown"
    if value == 0:
        return "$0"
    if value >= 1:
        return "$" + f"{value:.2f}".removesuffix(".00")
    if value >= 0.01:
        whole, _, part = f"{value:.4f}".rstrip("0").partition(".")
        return f"${whole}.{part:0<2}"
    return f"${value:.6f}".rstrip("0") if value >= 0.000001 else "<$0.000001"


def cents(value: float) -> str:
    """An amount of USD where there is little room: `$0`, `<$0.01`, `$0.03`, `$1.00`, `$12`."""
    if value <= 0:
        return "$0"
    if value < 0.005:
        return "<$0.01"
    return f"${value:.2f}" if value < 10 else f"${value:,.0f}"


def moment(value: str | float | datetime | None) -> datetime | None:
    """A time from ISO text or Unix seconds, in UTC; None when it is neither."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def ago(value: str | float | datetime | None, now: float | None = None) -> str:
    """How long ago: `just now`, `5 min ago`, `3 h ago`, `12 days ago`, then the date."""
    then = moment(value)
    if then is None:
        return ""
    passed = (now if now is not None else time.time()) - then.timestamp()
    if passed < 45:
        return "just now"
    if passed < 3600:
        return f"{max(1, round(passed / 60))} min ago"
    if passed < 86_400:
        return f"{round(passed / 3600)} h ago"
    days = round(passed / 86_400)
    return f"{days} day{'s' if days > 1 else ''} ago" if days < 32 else then.date().isoformat()


def clock(value: str | float | None) -> str:
    """The time of day of a log line, `14:03:21` UTC."""
    then = moment(value)
    return then.strftime("%H:%M:%S") if then else ""


def host(url: str | None) -> str:
    """An address without its scheme, for people to read."""
    if not url:
        return ""
    parts = urlsplit(url)
    return (parts.netloc + parts.path).rstrip("/")


def web(url: object) -> str:
    """The address when it is a web address, else empty: what comes from a Hub never becomes a `javascript:` link."""
    text = url if isinstance(url, str) else ""
    return text if text.startswith(("https://", "http://")) else ""
