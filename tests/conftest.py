"""What every test may ask for: real servers, and buses of every sort."""

pytest_plugins = ["support.servers", "support.buses"]
