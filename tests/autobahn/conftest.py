# SPDX-License-Identifier: MIT
pytest_plugins = ['harness.fixtures']
