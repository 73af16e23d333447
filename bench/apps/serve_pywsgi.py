# SPDX-License-Identifier: MIT
"""gevent.pywsgi as a server: serve_pywsgi.py PORT MODULE:NAME FOLDER."""
import importlib
import socket
import sys

from gevent.pywsgi import WSGIServer
from gevent.server import _tcp_listener as tcp_listener

port, spec, folder = sys.argv[1:]
sys.path.insert(0, folder)
module, name = spec.split(':')
listener = tcp_listener(('127.0.0.1', int(port)), 2048, True)
# Accepted sockets inherit it. Without it responses on kept connections are 40 ms late.
listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
WSGIServer(listener, getattr(importlib.import_module(module), name), log=None).serve_forever()
