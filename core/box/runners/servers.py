"""What changes in an app's process: uvicorn serves the inherited socket, Gradio launches under our prefix, self-calls stay inside.

Each change is applied right after its module is first imported, so that an app that never imports Gradio never pays for it.
Names of other packages' insides were read in gradio 6.31, uvicorn 0.54 and httpx 0.28; where one is missing (another
version in the app's own environment) that change is left out.
"""

import asyncio
import functools
import importlib.abc
import importlib.machinery
import inspect
import os
import socket
import sys
import weakref

SELF = {"127.0.0.1", "localhost", "0.0.0.0", "::1", "[::1]"}

# launch() arguments that belong to whoever hosts the app, on a Space as here.
HOSTED = {
    "inline": False,
    "inbrowser": False,
    "share": False,
    "server_name": None,
    "server_port": None,
    "ssl_keyfile": None,
    "ssl_certfile": None,
    "ssl_keyfile_password": None,
    "quiet": True,
    "run_history": False,
    "ssr_mode": False,
    "pwa": False,
    "num_workers": None,
}


def install(policy, listener):
    """Arrange every change for the modules that will be imported."""
    changes = {
        "uvicorn.config": functools.partial(change_uvicorn_config, policy),
        "uvicorn.server": functools.partial(change_uvicorn_server, listener),
        "gradio.http_server": functools.partial(change_gradio_server, policy),
        "gradio.blocks": functools.partial(change_gradio_launch, policy),
        "httpx": functools.partial(change_httpx, policy),
    }
    sys.meta_path.insert(0, AfterImport(changes))
    change_bind(policy)


class AfterImport(importlib.abc.MetaPathFinder):
    """Runs a change once, after the module of that name has been executed."""

    def __init__(self, changes):
        self.changes = changes

    def find_spec(self, name, path=None, target=None):
        change = self.changes.pop(name, None)
        if change is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_change(module):
            execute(module)
            change(module)

        spec.loader.exec_module = execute_and_change
        return spec


def change_uvicorn_config(policy, module):
    """One process, no reload, no port of its own, and the prefix of this preview."""
    original = module.Config.__init__

    @functools.wraps(original)
    def initialize(self, app, *args, **kwargs):
        given = inspect.signature(original).bind(self, app, *args, **kwargs)
        given.arguments.update(uds=None, fd=None, reload=False, workers=1, proxy_headers=True, forwarded_allow_ips="*")
        for name in ("ssl_keyfile", "ssl_certfile"):
            given.arguments.pop(name, None)
        if not getattr(app, "_serves_own_prefix", False) and not given.arguments.get("root_path"):
            given.arguments["root_path"] = policy["mount"]
        original(*given.args, **given.kwargs)

    module.Config.__init__ = initialize


def change_uvicorn_server(listener, module):
    """serve() takes our socket, whatever address it was configured with. A second server of the same app keeps its own."""
    original = module.Server.serve
    free = [listener]

    @functools.wraps(original)
    async def serve(self, sockets=None):
        if free:
            sockets = [free.pop()]
            self.config.log_level = self.config.log_level or "info"
        await original(self, sockets=sockets)

    module.Server.serve = serve
    quiet_startup(module.Server)


def quiet_startup(server):
    """uvicorn prints the address it serves; a unix socket's path is of no use to whoever reads the log."""

    def say_started(self, listeners):
        import logging

        logging.getLogger("uvicorn.error").info("Application is serving.")

    server._log_started_message = say_started


def change_gradio_server(policy, module):
    """Gradio first tries whether its port is free on this machine; ours needs none."""

    def start_server(app, server_name=None, server_port=None, *args, **kwargs):
        app._serves_own_prefix = True
        config = module.uvicorn.Config(app=app, host="127.0.0.1", port=policy["port"], log_level="warning")
        server = module.Server(config=config)
        server.run_in_thread()
        return "127.0.0.1", policy["port"], f"http://127.0.0.1:{policy['port']}/", server

    module.start_server = start_server


def change_gradio_launch(policy, module):
    """launch() keeps what is the app's (auth, theme, MCP, allowed paths) and takes what is the host's from us."""
    original = module.Blocks.launch
    signature = inspect.signature(original)
    hosted = {name: value for name, value in HOSTED.items() if name in signature.parameters}

    @functools.wraps(original)
    def launch(self, *args, **kwargs):
        given = signature.bind(self, *args, **kwargs)
        given.arguments.update(hosted, root_path=policy["mount"])
        return original(*given.args, **given.kwargs)

    module.Blocks.launch = launch


def change_httpx(policy, module):
    """Requests of the app to its own port go to its own socket: Gradio's start-up call and its MCP tools make such requests."""
    blocking = module.HTTPTransport.handle_request
    waiting = module.AsyncHTTPTransport.handle_async_request
    inside = module.HTTPTransport(verify=False, uds=policy["socket"])
    inside_of_loop = weakref.WeakKeyDictionary()  # an asynchronous pool belongs to one event loop

    def is_self(request):
        return request.url.host in SELF and request.url.port == policy["port"]

    @functools.wraps(blocking)
    def handle_request(self, request):
        return blocking(inside if is_self(request) else self, request)

    @functools.wraps(waiting)
    async def handle_async_request(self, request):
        if is_self(request):
            loop = asyncio.get_running_loop()
            self = inside_of_loop.get(loop) or inside_of_loop.setdefault(
                loop, module.AsyncHTTPTransport(verify=False, uds=policy["socket"])
            )
        return await waiting(self, request)

    module.HTTPTransport.handle_request = handle_request
    module.AsyncHTTPTransport.handle_async_request = handle_async_request


def change_bind(policy):
    """Servers that are not uvicorn bind a port. The first that asks for the app's port gets the reserved one; all bind to loopback only."""
    original = socket.socket.bind
    wanted = {policy["port"], policy["fallback"], int(os.environ.get("PORT") or 0)}
    taken = []

    def bind(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type & socket.SOCK_STREAM:
            host, port, *rest = address
            if port in wanted and not taken:
                taken.append(port)
                port = policy["fallback"]
            if self.family == socket.AF_INET6:  # reachable by IPv4 as well, which is what we connect with
                self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            address = ("127.0.0.1" if self.family == socket.AF_INET else "::ffff:127.0.0.1", port, *rest)
        return original(self, address)

    socket.socket.bind = bind
