# SPDX-License-Identifier: MIT
"""The server that runs this application: signals between its workers, timers, cron entries, file
monitors, locks, time limits and the server's status. An application that the server runs imports
it; elsewhere that is an ImportError. `python3 -m geventd` starts the server.
"""
import sys

if "geventd._worker" in sys.modules:  # worker.py has loaded it, before this
    from geventd._worker import *  # noqa: F401,F403
    from geventd._worker import __doc__, _handle_signals  # noqa: F401
else:
    # "-m" is argv[0] while `python3 -m` imports a package; which one, the command line tells.
    argv = getattr(sys, "argv", [])
    command = getattr(sys, "orig_argv", [])
    if not command and argv[:1] == ["-m"]:  # before CPython 3.10
        with open("/proc/self/cmdline", errors="surrogateescape") as file:
            command = file.read().split("\0")[:-1]
    asked = command[-len(argv):][:1]
    asked = asked[0] if asked else ""
    if argv[:1] != ["-m"] or not (
            asked == "geventd" or asked[:1] == "-" and asked.endswith("mgeventd")):
        raise ImportError(
            "geventd cannot be used in a subinterpreter or outside of the server: only an "
            "application that geventd runs can import it",
            name="geventd",
        )
