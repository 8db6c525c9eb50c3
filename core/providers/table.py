"""The providers that are known by name. Adding one is one row; a quirk gets a file."""

from __future__ import annotations

from functools import lru_cache

from core.providers import huggingface, openrouter
from core.providers.provider import Provider
from core.providers.values import Key

# The three the configuration knows by name stand first: this is the order when nobody asked for another.
_ROWS = (
    huggingface.ROW,
    openrouter.ROW,
    Provider("sheikh", "Sheikh", "https://api.sheikh.codes/v1"),
    Provider("openai", "OpenAI", "https://api.openai.com/v1", max_tokens_field="max_completion_tokens"),
    Provider("groq", "Groq", "https://api.groq.com/openai/v1"),
    Provider("together", "Together AI", "https://api.together.xyz/v1"),
    Provider("fireworks", "Fireworks AI", "https://api.fireworks.ai/inference/v1"),
    Provider("deepseek", "DeepSeek", "https://api.deepseek.com/v1"),
    Provider("mistral", "Mistral", "https://api.mistral.ai/v1", stream_usage=False),
    Provider("cerebras", "Cerebras", "https://api.cerebras.ai/v1"),
    Provider("xai", "xAI", "https://api.x.ai/v1"),
    Provider("ollama", "Ollama", "http://127.0.0.1:11434/v1", needs_key=False, local=True),
    Provider("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", needs_key=False, local=True),
    Provider("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", needs_key=False, local=True),
    Provider("vllm", "vLLM", "http://127.0.0.1:8000/v1", needs_key=False, local=True),
    Provider("anthropic", "Anthropic", wire="exotic", marks=("anthropic/claude*",)),
    Provider("gemini", "Google Gemini", wire="exotic"),
    Provider("cohere", "Cohere", wire="exotic"),
    Provider("bedrock", "Amazon Bedrock", wire="exotic"),
    Provider("vertex_ai", "Google Vertex AI", wire="exotic"),
)
PROVIDERS: dict[str, Provider] = {row.id: row for row in _ROWS}


def row_of(key: Key) -> Provider:
    """The row of a key's provider. An unknown name with an address is an OpenAI-compatible one, without an address litellm's."""
    known = PROVIDERS.get(key.provider)
    if known:
        return known
    return _unnamed(key.provider, bool(key.base_url))


@lru_cache(maxsize=512)
def _unnamed(name: str, has_address: bool) -> Provider:
    return Provider(name, name, needs_key=False) if has_address else Provider(name, name, wire="exotic")


def place(provider: str) -> int:
    """The provider's place when no other rule decides; unknown names come after the known three, all alike."""
    return _DEFAULT_ORDER.get(provider, len(_DEFAULT_ORDER))


_DEFAULT_ORDER = {"huggingface": 0, "openrouter": 1, "sheikh": 2}
