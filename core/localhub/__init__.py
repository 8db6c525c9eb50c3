"""The embedded Hub: huggingface.co's wire protocol over real git repositories, with Spaces that run.

Owns everything below its data folder: repositories, their metadata, tokens of its own users. Unmodified
`huggingface_hub`, `hf` and `git` talk to it by `HF_ENDPOINT` alone. Knows nothing of the page or of actions.
"""

from core.localhub.server import LocalHub

__all__ = ["LocalHub"]
