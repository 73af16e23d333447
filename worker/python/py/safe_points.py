# SPDX-License-Identifier: MIT
"""Where workers.time-slice tries out what CPython's stack looks like. Embedded in geventd-worker."""
import io
import weakref


def loop(trip):
    for item in (1, 2):
        trip(item)


# Each calls loop() where nobody must be suspended.


def _finalizer(trip):
    class Thing:
        def __del__(self):
            loop(trip)

    Thing()


def _weak_reference(trip):
    things = {1}
    reference = weakref.ref(things, lambda _: loop(trip))
    things = None
    return reference


def _generator(trip):
    def parts():
        try:
            yield
        finally:
            loop(trip)

    next(parts())


def _text_of_a_container(trip):
    class Thing:
        def __repr__(self):
            loop(trip)
            return ""

    repr([Thing()])


def _execution(trip):
    exec("loop(trip)", {"loop": loop, "trip": trip})


def _buffered_file(trip):
    class Raw(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            loop(trip)
            return len(data)

    io.BufferedWriter(Raw(), 1).write(b"text")


forbidden = (_finalizer, _weak_reference, _generator, _text_of_a_container, _execution,
             _buffered_file)
