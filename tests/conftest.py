"""What every test may ask for: real servers, buses and databases of every sort, a certificate."""

import signal

pytest_plugins = ["support.servers", "support.buses", "support.databases", "support.certificates"]

# A shell starts what runs behind it deaf to Ctrl-C, and all its children with it; some tests send just that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
