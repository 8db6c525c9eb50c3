"""Agentic Spaces OS: `python app.py` serves it, `python app.py build "IDEA" [--deploy]` does the main job headless."""

import os
import sys

# Read by the libraries when they are first imported.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_IMPLICIT_TOKEN="1",
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    LITELLM_MODE="PRODUCTION",
    LITELLM_LOCAL_MODEL_COST_MAP="True",
)
if os.environ.get("SYSTEM") == "spaces":
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")  # a Space is only reached through the platform's proxy

from core import command  # noqa: E402
from core.box import guard_host  # noqa: E402
from core.errors import SpacesError  # noqa: E402
from core.house import build_house  # noqa: E402
from core.instance import free_port  # noqa: E402
from core.loading import load, take_keys_out_of_the_environment  # noqa: E402


def main(argv: list[str]) -> int:
    """Serve, build or stop; returns the exit code."""
    arguments = command.parser().parse_args(argv)
    given = {name: getattr(arguments, name, None) for name in ("hub", "port", "host", "data")}
    try:
        settings = load(arguments.config, **given)
        take_keys_out_of_the_environment()
        if arguments.command == "build":
            return command.build(arguments, settings)
        if arguments.command == "stop":
            return command.stop(settings)
        guard_host()
        house = build_house(settings, free_port(settings.port, settings.host))
    except SpacesError as error:
        print(f"{error.message} {error.fix}", file=sys.stderr)
        return 1
    from ui.serve import launch

    launch(house)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
