# SPDX-License-Identifier: MIT
"""The basis of end-to-end tests: a real geventd, real sockets, and an audit after each test."""
