"""What changes in an app's process: uvicorn serves the inherited socket, Gradio launches under our prefix.

Each change is applied right after its module is first imported, so that an app that never imports Gradio never pays for it.
Names of other packages' insides were read in gradio 6.31 and uvicorn 0.54; where one is missing (another
version in the app's own environment) that change is left out.
"""

import asyncio
import functools
import importlib.abc
import importlib.machinery
import inspect
import sys

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

# `streamlit run` flags that belong to the host: behind a prefix, in a page of opaque origin, without a file watcher.
STREAMLIT_FLAGS = {
    "server.headless": "true",
    "server.address": "127.0.0.1",
    "server.enableCORS": "false",
    "server.enableXsrfProtection": "false",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "global.developmentMode": "false",
}


def arguments_of(policy):
    """The program's arguments, with our flags behind those of `streamlit run`: the last one counts."""
    given = list(policy["arguments"])
    if policy["module"] != "streamlit" or given[:1] != ["run"]:
        return given
    flags = STREAMLIT_FLAGS | {"server.port": str(policy["port"]), "server.baseUrlPath": policy["mount"].strip("/")}
    end = given.index("--") if "--" in given else len(given)  # what follows is the script's own
    return [*given[:end], *(f"--{name}={value}" for name, value in flags.items()), *given[end:]]


def install(policy, own, locks):
    """Arrange every change: at once for modules that are there, for the others when they are first imported.

    own: the `sockets.OwnServer` of this app. locks: that module.
    """
    changes = {
        "uvicorn.config": functools.partial(change_uvicorn_config, policy),
        "uvicorn.server": functools.partial(change_uvicorn_server, own),
        "gradio.http_server": functools.partial(change_gradio_server, policy),
        "multiprocessing.synchronize": locks.change_synchronize,
        "multiprocessing.heap": locks.change_heap,
        "gradio.networking": change_gradio_networking,
        "gradio.blocks": functools.partial(change_gradio_launch, policy),
    }
    for name in [name for name in changes if name in sys.modules]:
        changes.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, AfterImport(changes))


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
        if policy["module"] == "streamlit":
            given.arguments["app"] = with_prefix(app, policy["mount"])
        elif getattr(app, "_serves_own_prefix", False):
            given.arguments["app"] = with_prefix(app, policy["mount"], "/gradio_api/mcp/")  # an application below it finds its routes by the whole path
        elif not given.arguments.get("root_path"):
            given.arguments["root_path"] = policy["mount"]
        original(*given.args, **given.kwargs)

    module.Config.__init__ = initialize


def with_prefix(app, mount, below=""):
    """The application, given whole paths again, or only those below one: Streamlit's routes begin with its base path."""

    async def prefixed(scope, receive, send):
        if scope.get("path", "").startswith(below or "/"):
            raw = scope.get("raw_path")
            scope = scope | {"path": mount + scope["path"], "raw_path": raw and mount.encode() + raw}
        await app(scope, receive, send)

    return prefixed


def change_uvicorn_server(own, module):
    """serve() takes our socket, whatever address it was configured with. A second server of the same app keeps its own."""
    serve_alone, start_up = module.Server.serve, module.Server.startup

    @functools.wraps(serve_alone)
    async def serve(self, sockets=None):
        listener = own.take()
        if listener is not None:
            sockets = [listener]
            self.config.log_level = self.config.log_level or "info"
        await serve_alone(self, sockets=sockets)

    @functools.wraps(start_up)
    async def startup(self, sockets=None):
        await start_up(self, sockets=sockets)
        if any(own.is_listener(one) for one in sockets or ()):
            loop = asyncio.get_running_loop()
            own.serving(loop, functools.partial(connection_of, self, loop))

    module.Server.serve, module.Server.startup = serve, startup
    quiet_startup(module.Server)


def connection_of(server, loop):
    """The protocol of one more connection, as uvicorn's own startup() makes it."""
    kind = server.config.http_protocol_class
    return kind(config=server.config, server_state=server.server_state, app_state=server.lifespan.state, _loop=loop)


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


def change_gradio_networking(module):
    """launch() asks its server whether it answers; it has just done so."""
    module.url_ok = lambda url: True


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
