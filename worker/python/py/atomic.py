# SPDX-License-Identifier: MIT
"""geventd.atomic. Embedded in geventd-worker."""
import functools

from _geventd_worker import hold, let_go


class atomic:
    """What runs inside is not interrupted by workers.time-slice, so it sees no other greenlet as
    long as it does not wait:

        with geventd.atomic():
            counter += 1

    Also a decorator. May be nested. Without time slices it changes nothing. Keep it short: nothing
    else runs in the worker meanwhile."""

    __slots__ = ()
    __module__ = "geventd"

    def __enter__(self):
        hold()

    def __exit__(self, *raised):
        let_go()

    def __call__(self, function):
        @functools.wraps(function)
        def call(*arguments, **keywords):
            hold()
            try:
                return function(*arguments, **keywords)
            finally:
                let_go()

        return call
