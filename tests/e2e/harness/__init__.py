# SPDX-License-Identifier: MIT
"""What end-to-end tests stand on: a real geventd, real sockets, and an audit after each test."""
