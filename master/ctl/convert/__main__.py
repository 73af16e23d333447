# SPDX-License-Identifier: MIT
"""Makes `python3 -I THIS_FOLDER ARGUMENTS` run the package, whatever the folder is called."""
import importlib
import os
import sys

folder = os.path.dirname(os.path.abspath(__file__))
sys.path[0] = os.path.dirname(folder)

sys.exit(importlib.import_module(f'{os.path.basename(folder)}.command_line').main())
