"""What every test may ask for: real servers, buses and databases of every sort, a certificate."""

import os
import signal

from hubbub.lab.servers import ports

pytest_plugins = ["support.servers", "support.buses", "support.databases", "support.certificates"]

# A shell starts what runs behind it deaf to Ctrl-C, and all its children with it; some tests send just that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests that run side by side start their servers on ports of their own.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    ports.share(int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
