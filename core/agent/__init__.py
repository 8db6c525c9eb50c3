"""The agent: a loop of a model and tools that builds, looks at what it built, repairs it, and knows when to stop."""

from core.agent.values import Asked, Decision, Ending, Limits, Message, Output, Picture, Reply, Tool, Toolbox, ToolRequest, TooLong

__all__ = ["Asked", "Decision", "Ending", "Limits", "Message", "Output", "Picture", "Reply", "TooLong", "Tool", "ToolRequest", "Toolbox"]
