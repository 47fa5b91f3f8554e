"""What every test may ask for: real servers, buses and databases of every sort, a certificate."""

pytest_plugins = ["support.servers", "support.buses", "support.databases", "support.certificates"]
