"""What a Space does: its runtime, restart and pause, secrets and variables, logs, and the address it serves at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from core.errors import Forbidden, InvalidInput
from core.localhub import access, hardware, space_templates, wire
from core.localhub.desired import with_value, without_value
from core.localhub.runtime import Spaces
from core.localhub.serving import Door
from core.localhub.space import Space
from core.localhub.space_logs import events

if TYPE_CHECKING:
    from core.localhub.server import LocalHub


class SpacesConvertor(StringConvertor):
    regex = "spaces"


register_url_convertor("spaces", SpacesConvertor())
SPACE = "/api/{kind:spaces}/{namespace}/{name}"
LONGEST_SLEEP = 365 * 86_400


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Hardware(_Body):
    flavor: str = Field(max_length=40)
    sleepTimeSeconds: int | None = None


class SleepTime(_Body):
    seconds: int


class Key(_Body):
    key: str = Field(max_length=200)


class KeyValue(Key):
    value: str = ""
    description: str | None = Field(None, max_length=2000)


def routes(hub: LocalHub) -> list[Route | Mount]:
    spaces = Spaces(hub)
    hub.describe_space = spaces.describe
    hub.opening.append(spaces.start)
    hub.closing.append(spaces.close)

    def seen(request: Request) -> Space:
        return spaces.get(access.readable(hub, request))

    def owned(request: Request) -> Space:
        return spaces.get(access.writable(hub, request)[0])

    def told(space: Space, request: Request) -> Response:
        return wire.answer(spaces.runtime(space.repo, wire.base_url(request, hub.prefix)))

    async def runtime(request: Request) -> Response:
        try:
            space = seen(request)
        except (wire.RepoNotFound, wire.RepoHidden):
            known = hub.catalogue and hub.catalogue.get("space", str(access.named(request)))
            if not known:
                raise
            return wire.answer(known["runtime"])
        return told(space, request)

    async def restart(request: Request) -> Response:
        space = owned(request)
        await spaces.restart(space)
        return told(space, request)

    async def pause(request: Request) -> Response:
        space = owned(request)
        if space.static:
            raise InvalidInput("Static Spaces cannot be paused")
        await spaces.halt(space, "paused")
        return told(space, request)

    async def request_hardware(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        space, asked = spaces.get(repo), await wire.read_json(request, Hardware)
        chosen = hardware.check_request(asked.flavor, repo.sdk, who, hub.users.org(repo.repo.namespace))
        wished = replace(space.desired, hardware=chosen)
        if asked.sleepTimeSeconds is not None:
            wished = replace(wished, sleep_seconds=_sleep(asked.sleepTimeSeconds))
        await spaces.change(space, wished)
        return told(space, request)

    async def sleep_time(request: Request) -> Response:
        space, asked = owned(request), await wire.read_json(request, SleepTime)
        if space.static:
            raise InvalidInput("Static Spaces do not sleep")
        await spaces.change(space, replace(space.desired, sleep_seconds=_sleep(asked.seconds)))
        return told(space, request)

    def values(kind: Literal["secrets", "variables"]):
        async def route(request: Request) -> Response:
            space = owned(request)
            if request.method == "POST":
                asked = await wire.read_json(request, KeyValue)
                wished = with_value(space.desired, kind, asked.key, asked.value, asked.description)
                await spaces.change(space, wished, rebuild=True)
            elif request.method == "DELETE":
                wished = without_value(space.desired, kind, (await wire.read_json(request, Key)).key)
                if wished != space.desired:
                    await spaces.change(space, wished, rebuild=True)
            if kind == "secrets" and request.method != "GET":
                return wire.answer({})
            return wire.answer({key: value.shown() for key, value in getattr(space.desired, kind).items()})

        return route

    def logs(source: Literal["build", "run"]):
        async def route(request: Request) -> Response:
            repo, who = access.readable(hub, request), access.signed_in(hub, request)
            if not who.may_read(repo.repo.namespace):
                raise Forbidden("Only those who own this Space can read its logs.")
            tail = wire.number(request, "tail", 0, low=1, high=100_000) if "tail" in request.query_params else None
            headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            return StreamingResponse(events(spaces.get(repo), source, tail=tail), 200, headers, "text/event-stream")

        return route

    async def list_hardware(request: Request) -> Response:
        return wire.answer(hardware.kinds())

    async def templates(request: Request) -> Response:
        return wire.answer({"templates": [template.shown() for template in space_templates.templates()]})

    async def not_here(request: Request) -> Response:
        owned(request)
        raise wire.NotImplementedHere(
            f"This Hub runs Spaces on one machine and has no {request.url.path.rsplit('/', 1)[-1].replace('-', ' ')} for them."
        )

    return [
        Route(f"{SPACE}/runtime", runtime),
        Route(f"{SPACE}/restart", restart, methods=["POST"]),
        Route(f"{SPACE}/pause", pause, methods=["POST"]),
        Route(f"{SPACE}/hardware", request_hardware, methods=["POST"]),
        Route(f"{SPACE}/sleeptime", sleep_time, methods=["POST"]),
        Route(f"{SPACE}/secrets", values("secrets"), methods=["GET", "POST", "DELETE"]),
        Route(f"{SPACE}/variables", values("variables"), methods=["GET", "POST", "DELETE"]),
        Route(f"{SPACE}/logs/build", logs("build")),
        Route(f"{SPACE}/logs/run", logs("run")),
        Route(f"{SPACE}/storage", not_here, methods=["POST", "DELETE"]),
        Route(f"{SPACE}/dev-mode", not_here, methods=["POST"]),
        Route(f"{SPACE}/volumes", not_here, methods=["PUT", "DELETE"]),
        Route("/api/spaces/hardware", list_hardware),
        Route("/api/spaces/templates", templates),
        Mount("/s", app=Door(hub, spaces)),
    ]


def _sleep(seconds: int) -> int:
    if seconds != -1 and not 1 <= seconds <= LONGEST_SLEEP:
        raise InvalidInput(f'"seconds" must be -1 (never) or a number from 1 to {LONGEST_SLEEP}')
    return seconds
