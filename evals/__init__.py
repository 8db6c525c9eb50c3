"""Twenty ideas, built by rules or by the agent with a real model, and machines that say whether what came of them works."""
