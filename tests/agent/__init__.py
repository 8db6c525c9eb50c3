"""The agent, against a scripted model that answers over real HTTP."""
