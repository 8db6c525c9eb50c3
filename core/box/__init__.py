"""Run a process tree that reaches nothing but what it was given, and end it whole.

Owns sealing, processes, their directories, sockets, logs and limits. Knows nothing of projects, previews or the page.
"""

from core.box import tree, workspace
from core.box.egress import Egress, Gateway, Host, read_hosts
from core.box.engine import Address, EngineStatus, Entry, Handle, Launch, Layer, Network, SandboxEngine, Seal, Workspace
from core.box.execution import Runtime, environment, execute, sealed_layers
from core.box.executions import Executions
from core.box.host import guard_host
from core.box.limits import MB, Limits
from core.box.local import LocalBox
from core.box.logs import LogLine, LogRing, Source, pump
from core.box.monitor import Breach, Figures, Monitor, Watch
from core.box.program import Execution, run
from core.box.remote import Remote, RemoteEngine
from core.box.rewriting import rewrite

__all__ = [
    "MB",
    "Address",
    "Breach",
    "Egress",
    "EngineStatus",
    "Entry",
    "Execution",
    "Executions",
    "Figures",
    "Gateway",
    "Handle",
    "Host",
    "Launch",
    "Layer",
    "Limits",
    "LogLine",
    "LogRing",
    "Monitor",
    "Network",
    "LocalBox",
    "Runtime",
    "Remote",
    "RemoteEngine",
    "SandboxEngine",
    "Seal",
    "Source",
    "Watch",
    "Workspace",
    "environment",
    "execute",
    "guard_host",
    "pump",
    "read_hosts",
    "rewrite",
    "run",
    "sealed_layers",
    "tree",
    "workspace",
]
