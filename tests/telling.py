"""Tables that tests have to tell at the end of a run, also where a worker process ran them."""

import pytest

_TABLES = pytest.StashKey[dict[str, str]]()
_KEPT = "tables"


def tell(config: pytest.Config, title: str, table: str) -> None:
    """Print this table under this title once the run is over."""
    config.stash.setdefault(_TABLES, {})[title] = table


def pytest_terminal_summary(terminalreporter, config):
    for title, table in config.stash.get(_TABLES, {}).items():
        terminalreporter.section(title)
        terminalreporter.write_line(table)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEPT] = session.config.stash.get(_TABLES, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    for title, table in (getattr(node, "workeroutput", None) or {}).get(_KEPT, {}).items():
        tell(node.config, title, table)
