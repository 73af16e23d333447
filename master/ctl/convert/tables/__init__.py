# SPDX-License-Identifier: MIT
"""What becomes of each option of uWSGI and gunicorn: the tables, and what they are made of."""
