# SPDX-License-Identifier: MIT
"""The tests of test_websocket_ends.py again, over TLS."""
from harness.tls import SecureServer
from test_websocket_ends import *  # noqa: F401, F403

SERVER = SecureServer
