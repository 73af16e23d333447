# SPDX-License-Identifier: MIT
"""The application of the benchmarks with whitenoise around it, for files."""
import os

from whitenoise import WhiteNoise

from hello import application as hello

application = WhiteNoise(hello, root=os.environ['BENCH_FILES'], prefix='/static')
