# SPDX-License-Identifier: MIT
"""geventctl convert: writes a geventd configuration from one of uWSGI's or gunicorn's."""
