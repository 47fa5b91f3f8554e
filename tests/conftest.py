"""What every test may ask for: real servers, and buses and databases of every sort."""

pytest_plugins = ["support.servers", "support.buses", "support.databases"]
