"""Run an app here and look at it: only through our own port, in an origin of its own.

Owns processes, their directories, sockets, logs and the way to them. Knows nothing of projects, the Hub or the page.

    previews = Previews(data / "previews")
    preview = await previews.start(PreviewSpec(files=files, sdk="gradio", owner=caller.id, label="My app"))
    await preview.ready()          # or AppFailed with the first error of its log
    preview.url                    # "/p/<id>-<token>/"; mount previews.app at "/p"
"""

from core.box import EngineStatus, LogLine, LogRing, LocalBox, SandboxEngine
from core.preview.dockerfile import Recipe, read_dockerfile
from core.preview.preview import Preview
from core.preview.previews import Previews
from core.preview.proxy import proxy
from core.preview.spec import Limits, PreviewSpec

__all__ = [
    "EngineStatus",
    "Limits",
    "LogLine",
    "LogRing",
    "Preview",
    "PreviewSpec",
    "Previews",
    "LocalBox",
    "Recipe",
    "SandboxEngine",
    "proxy",
    "read_dockerfile",
]
