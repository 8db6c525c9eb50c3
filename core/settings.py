"""What one process is told from outside, as frozen values; `core.loading` reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from core.addresses import is_loopback
from core.secrets import Secret

HUGGINGFACE = "https://huggingface.co"
DATASETS_SERVER = "https://datasets-server.huggingface.co"


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) and value.strip() else (value or None)


SecretValue = Annotated[Secret | None, BeforeValidator(_secret)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _names(value: Any) -> Any:
    if isinstance(value, str):
        value = value.split(",")
    return tuple(name.strip() if isinstance(name, str) else name for name in value or ())


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class _Place(_Part):
    """An upstream's place in the order.

    priority: before those without it. fallback: another may answer when it cannot. always_use_this_key: this key or none.
    models: what it is for, the default one first; a list or a comma-separated text; empty = any.
    timeout: seconds for one call to it.
    """

    priority: bool = False
    fallback: bool = True
    always_use_this_key: bool = False
    models: Names = ()
    timeout: float | None = Field(default=None, gt=0, le=3_600, allow_inf_nan=False)


class HuggingFace(_Place):
    """The account this process acts with where a visitor brings none of their own, and its inference providers."""

    token: SecretValue = None
    endpoint: str = HUGGINGFACE
    mcp_url: str = f"{HUGGINGFACE}/mcp"
    url: str | None = None


class Provider(_Place):
    """One upstream that answers prompts: its key, its base URL, its place in the order."""

    api_key: SecretValue = None
    url: str | None = None


Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Spending(_Part):
    """The most that may be spent on models, in USD; null is no limit. A day is a UTC day.

    per_call, per_session, per_day: for each caller, whoever pays; a caller may set lower ones for itself.
    visitor_per_day: what one visitor of a public process may spend of this process's own keys.
    visitors_per_day: what all of them together may.
    unknown_call: set aside for a call whose price nobody tells, and counted when the tokens are not told either.
    unknown_input, unknown_output: USD per million tokens counted where the price is not told.
    """

    per_call: Dollars | None = None
    per_session: Dollars | None = None
    per_day: Dollars | None = None
    visitor_per_day: Dollars | None = 0.25
    visitors_per_day: Dollars | None = 5.0
    unknown_call: Dollars = 0.05
    unknown_input: Dollars = 5.0
    unknown_output: Dollars = 25.0


def check_base(address: str) -> str:
    """The address of a service outside: https, or http on this machine, without user, query or fragment; `ValueError` otherwise."""
    try:
        parts = urlsplit(address)
        here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        fine = parts.hostname and parts.port != 0 and (parts.scheme == "https" or here)
    except ValueError:
        fine = False
    if not fine or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it must be an address that begins with https:// (or http:// on this machine), without user or query")
    return address.rstrip("/")


Base = Annotated[str, AfterValidator(check_base)]


class Research(_Part):
    """Where research reads, besides the Hub, and the owner's keys for it; each key goes to its own service alone."""

    semantic_scholar: Base = "https://api.semanticscholar.org"
    arxiv: Base = "https://arxiv.org"
    ar5iv: Base = "https://ar5iv.labs.arxiv.org"
    github: Base = "https://api.github.com"
    github_raw: Base = "https://raw.githubusercontent.com"
    gradio: Base = "https://www.gradio.app"
    github_token: SecretValue = None
    semantic_scholar_key: SecretValue = None


class Agent(_Part):
    """The most one turn of the agent may take, and what a chat may spend where it was told nothing else.

    iterations: replies of the model. tokens: read and written. seconds: by the clock. usd: of a whole chat, null is no limit.
    """

    iterations: int = Field(default=60, ge=1, le=1_000)
    tokens: int = Field(default=2_000_000, ge=1_000)
    seconds: float = Field(default=1_800, gt=0, le=86_400, allow_inf_nan=False)
    usd: Dollars | None = 1.0


class Settings(_Part):
    """Everything a process is told from outside.

    hub: `auto` (huggingface.co on a Space or with a token, else the Local Hub), `local`, or a Hub's URL.
    datasets_server: where rows of datasets are read; by default the Hub's own service, or the Local Hub's.
    public: strangers reach this process (it runs as a Space); the owner's keys then serve only the owner
        unless `share_owner_keys`.
    prefer: providers to ask first, in this order, before keys with priority.
    index_hosts: where packages for an app may come from, beside PyPI and this machine's own index.
    egress_hosts: on a public process, the hosts a visitor may let an app reach ("*.hf.co"); alone, any public host will do.
    hosts: names this process answers to, besides loopback; `*` for any.
    unsealed_apps: apps run also where this machine cannot seal them and they could read what this process can; never
        on a public process.
    """

    huggingface: HuggingFace = HuggingFace()
    providers: dict[str, Provider] = Field(default_factory=dict)
    prefer: Names = ()
    budget: Spending = Spending()
    agent: Agent = Agent()
    research: Research = Research()
    hub: str = "auto"
    datasets_server: str | None = None
    host: str = "0.0.0.0"
    port: int = Field(default=7860, ge=0, le=65535)
    data: Path = Path("data")
    public: bool = False
    share_owner_keys: bool = False
    hosts: tuple[str, ...] = ()
    requests_per_minute: int = Field(default=600, ge=1)
    unsealed_apps: bool = False
    max_previews: int = Field(default=6, ge=1, le=64)
    index_hosts: Names = ()
    egress_hosts: Names = ("huggingface.co", "*.huggingface.co", "hf.co", "*.hf.co", "*.hf.space")
    space_id: str | None = None

    @property
    def on_a_space(self) -> bool:
        """This process runs as a Space: huggingface.co's page shows it in a frame, over https."""
        return self.space_id is not None

    def lent(self, secret: Secret | None) -> Secret | None:
        """A key of this process's owner where it may serve whoever asks: strangers only when the owner shares it."""
        return None if self.public and not self.share_owner_keys else secret

    @property
    def hub_kind(self) -> Literal["local", "remote"]:
        if self.hub == "auto":
            return "remote" if self.on_a_space or self.huggingface.token else "local"
        return "local" if self.hub == "local" else "remote"

    @property
    def hub_url(self) -> str | None:
        """The Hub's address, or None for the embedded one, whose address depends on our own port."""
        if self.hub_kind == "local":
            return None
        return (self.huggingface.endpoint if self.hub == "auto" else self.hub).rstrip("/")
