# SPDX-License-Identifier: MIT
"""Reading: from files and command lines to a list of options."""
