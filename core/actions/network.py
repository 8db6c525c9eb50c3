"""What a project's app may reach when it runs here. Nothing, until its owner says otherwise."""

from __future__ import annotations

import asyncio
from typing import Literal

from core.actions.projects import open_project
from core.box import Host, read_hosts
from core.errors import Forbidden, InvalidInput
from core.registry import Call, action

WORDS = {
    "sealed": "The app reaches nothing but its own files.",
    "tcp-own": "The app may use TCP on one port of its own.",
    "egress": "The app may reach the named hosts, through a proxy that counts.",
}


@action(risk="destructive", title="Network of a project", idempotent=True, open_world=False)
async def project_network(
    call: Call, project: str, network: Literal["sealed", "tcp-own", "egress"] = "sealed", hosts: list[str] | None = None
) -> dict:
    """Say what a project's app may reach when it runs here; it takes effect at the next start of its preview.

    Opening the network lets code that nobody has read talk to others, so an agent must have this approved by a person.

    Args:
        project: the project's id.
        network: sealed: nothing, the default. tcp-own: TCP on one port of its own, for servers that cannot use the
            inherited socket. egress: the named hosts only, on ports 80 and 443, at most 1 GB.
        hosts: for egress, 1 to 32 of them: "huggingface.co", "*.hf.co", "example.org:8443".

    Returns `{project, network, hosts, means}`. Raises forbidden where this machine cannot enforce it, or where a public
    instance does not let its visitors reach that host.
    """
    found = await open_project(call, project)
    wanted = read_hosts(hosts or ())
    if (network == "egress") != bool(wanted):
        raise InvalidInput("Hosts belong to egress, and egress needs at least one.", 'Name them, like ["huggingface.co"].')
    status = await asyncio.to_thread(call.house.previews.status)
    if network not in status.networks:
        raise Forbidden(f"This machine cannot enforce {network}, so it is not offered.", "Keep the app sealed, or run it elsewhere.")
    if call.house.settings.public:
        _check_public(wanted, read_hosts(call.house.settings.egress_hosts))
    names = tuple(name.strip().lower() for name in hosts or ())
    await asyncio.to_thread(found.set_network, network, names)
    return {"project": project, "network": network, "hosts": list(names), "means": WORDS[network]}


def _check_public(wanted: tuple[Host, ...], offered: tuple[Host, ...]) -> None:
    for host in wanted:
        example = host.name.replace("*", "any", 1)
        if host not in offered and not any(one.covers(example, host.port or 443) for one in offered):
            listed = ", ".join(one.name for one in offered) or "none"
            raise Forbidden(f"On this public instance an app may not reach {host.name}.", f"Its owner offers: {listed}.")
