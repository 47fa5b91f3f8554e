"""The load generator: its own lean client, so that one core of load can tire one core of server."""
