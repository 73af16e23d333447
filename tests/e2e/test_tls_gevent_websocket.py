# SPDX-License-Identifier: MIT
"""The tests of test_gevent_websocket.py again, over TLS."""
from harness.tls import SecureServer
from test_gevent_websocket import *  # noqa: F401, F403

SERVER = SecureServer
