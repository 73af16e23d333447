# SPDX-License-Identifier: MIT
"""The server that runs this application: signals between its workers, timers, cron entries, file
monitors, locks, time limits and the server's status. An application that the server runs imports
it; elsewhere that is an ImportError. `python3 -m geventd` starts the server.
"""
import sys

if "geventd._worker" in sys.modules:  # worker.py has loaded it, before this
    from geventd._worker import *  # noqa: F401,F403
    from geventd._worker import __doc__, _handle_signals  # noqa: F401
elif getattr(sys, "argv", [])[:1] != ["-m"]:  # so it is while `python3 -m` imports the package
    raise ImportError(
        "geventd cannot be used in a subinterpreter or outside of the server: only an application "
        "that geventd runs can import it",
        name="geventd",
    )
