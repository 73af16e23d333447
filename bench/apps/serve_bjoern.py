# SPDX-License-Identifier: MIT
"""bjoern as a server: serve_bjoern.py PORT MODULE:NAME FOLDER."""
import importlib
import sys

import bjoern

port, spec, folder = sys.argv[1:]
sys.path.insert(0, folder)
module, name = spec.split(':')
bjoern.run(getattr(importlib.import_module(module), name), '127.0.0.1', int(port))
