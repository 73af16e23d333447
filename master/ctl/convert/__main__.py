# SPDX-License-Identifier: MIT
"""Makes `python3 -I THIS_FOLDER ARGUMENTS` run the package."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from convert.command_line import main  # noqa: E402  the line above makes it importable

sys.exit(main())
