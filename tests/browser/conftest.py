"""What the browser tests say at the end of a run."""

from tests.browser.hostile import TABLE


def pytest_terminal_summary(terminalreporter, config):
    if table := config.stash.get(TABLE, None):
        terminalreporter.section("what a hostile preview reached")
        terminalreporter.write_line(table)
