"""The agent: a loop of a model and tools that builds, looks at what it built, repairs it, and knows when to stop."""
