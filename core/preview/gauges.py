"""What previews do, counted: starts, how long they took, why they ended, and what the live ones use now."""

from __future__ import annotations

from collections.abc import Sequence

from core.exposition import Counters, gauge
from core.preview.preview import Preview

_PREFIX = "spaces_os_preview_"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 90.0)
_COUNTED = {
    "starts_total": ("counter", "Previews that answered, by sdk."),
    "ends_total": ("counter", "Previews that ended, by why: stopped, failed, memory, disk, processes, idle, evicted."),
    "start_seconds": ("histogram", "Seconds from the start to the first answer, by sdk."),
}
_FIGURES = {
    "memory_bytes": "Memory of all live previews, shared pages counted once.",
    "cpu_percent": "Processor use of all live previews, in percent of one core.",
    "processes": "Processes of all live previews.",
    "disk_bytes": "What all live previews hold on disk.",
    "log_bytes_per_second": "What all live previews write to their logs.",
}


class Gauges:
    """The figures of one server's previews. Sums only: no owner, project or address."""

    def __init__(self):
        self._counters = Counters(_COUNTED, bounds=_SECONDS)

    def note(self, preview: Preview) -> None:
        """Count a change of stage."""
        if preview.stage == "running" and preview.stages.count("running") == 1:
            self._counters.add("starts_total", sdk=preview.spec.sdk)
            self._counters.observe("start_seconds", preview.ready_seconds or 0.0, sdk=preview.spec.sdk)
        elif not preview.live:
            self._counters.add("ends_total", why=preview.cause or "stopped")

    def lines(self, live: Sequence[Preview], *, engine: str) -> list[str]:
        """Prometheus exposition lines."""
        stats = [preview.stats() for preview in live]
        found = gauge(_PREFIX + "live", "Previews that are not ended.", len(live), engine=engine)
        found += gauge(_PREFIX + "frozen", "Of these, how many stand still.", sum(one["frozen"] for one in stats), engine=engine)
        for name, words in _FIGURES.items():
            found += gauge(_PREFIX + name, words, sum(one[name] for one in stats), engine=engine)
        return found + self._counters.lines(_PREFIX)
