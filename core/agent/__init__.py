"""The agent: a loop of a model and tools that builds, looks at what it built, repairs it, and knows when to stop."""

from core.agent.values import Asked, Decision, Ending, Limits, Message, Output, Picture, Reply, Tool, Toolbox, ToolRequest, TooLong
from core.agent.chat import Chat
from core.agent.chats import Agents
from core.agent.exporting import exported, saved
from core.agent.prompts import system_prompt
from core.agent.taking_back import fork, rewind

__all__ = [
    "Agents",
    "Asked",
    "Chat",
    "Decision",
    "Ending",
    "Limits",
    "Message",
    "Output",
    "Picture",
    "Reply",
    "TooLong",
    "Tool",
    "ToolRequest",
    "Toolbox",
    "exported",
    "fork",
    "rewind",
    "saved",
    "system_prompt",
]
