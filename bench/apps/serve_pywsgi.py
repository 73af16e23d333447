# SPDX-License-Identifier: MIT
"""gevent.pywsgi as a server: serve_pywsgi.py PORT MODULE:NAME FOLDER."""
import importlib
import sys

from gevent.pywsgi import WSGIServer

port, spec, folder = sys.argv[1:]
sys.path.insert(0, folder)
module, name = spec.split(':')
WSGIServer(('127.0.0.1', int(port)), getattr(importlib.import_module(module), name), log=None,
           backlog=2048).serve_forever()
