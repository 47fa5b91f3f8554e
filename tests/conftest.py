"""What every test may ask for: real servers."""

pytest_plugins = ["support.servers"]
