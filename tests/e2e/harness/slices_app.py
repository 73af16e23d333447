# SPDX-License-Identifier: MIT
"""The application of the tests of workers.time-slice."""

# The witness is a greenlet that counts how often it has run. A request looks at it before and after
# it has computed: share() goes on until it has run, spin() for many slices, and notes whether it
# has.
APP = '''
import collections
import ctypes
import gc
import importlib
import io
import json
import re
import signal
import sqlite3
import sys
import time
import weakref

import gevent.event
import geventd
import greenlet
from gevent import monkey

seen = collections.Counter()
spun = []  # for each spin(), whether the witness has run meanwhile
hub_loop = None
KEPT = 0.25  # seconds on the CPU: fifty slices
LONG = 20


def witness():
    while True:
        gevent.sleep(0.001)
        seen['turns'] += 1


def start():
    global hub_loop
    if hub_loop is None:
        hub_loop = gevent.get_hub().loop
        gevent.spawn(witness)
        gevent.sleep(0.01)


def until(moved, seconds=LONG):
    end = time.thread_time() + seconds
    while not moved() and time.thread_time() < end:
        pass


def spin():
    before = seen['turns']
    until(lambda: False, KEPT)
    spun.append(seen['turns'] != before)


def share():
    before = seen['turns']
    until(lambda: seen['turns'] != before)


class Finalized:
    def __init__(self, deed=spin):
        self.deed = deed

    def __del__(self):
        self.deed()


def closed_generator():
    try:
        yield
    finally:
        spin()


class Raw(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        spin()
        return len(data)


class HELD:
    """What must not be suspended."""

    def finalizer():
        thing = Finalized()
        del thing

    def weakref():
        thing = Finalized(lambda: None)
        reference = weakref.ref(thing, lambda _: spin())
        del thing
        return reference

    def generator():
        generator = closed_generator()
        next(generator)
        del generator

    def collector():
        thing = Finalized()
        thing.itself = thing
        del thing
        gc.collect()

    def collector_by_itself():
        thing = Finalized()
        thing.itself = thing
        del thing
        kept = []
        while not spun:
            kept.append([])
            if len(kept) > 100_000:
                kept.clear()

    def importing():
        import slow_module

    def importing_by_name():
        importlib.import_module('slow_module_too')

    def buffered():
        file = io.BufferedWriter(Raw())
        file.write(b'x')
        file.flush()

    def c_callback():
        ctypes.CFUNCTYPE(None)(spin)()

    def sqlite():
        with sqlite3.connect(':memory:') as base:
            base.create_function('spin', 0, spin)
            base.execute('select spin()').fetchall()

    def atomic():
        with geventd.atomic():
            spin()

    def atomic_nested():
        with geventd.atomic():
            with geventd.atomic():
                pass
            spin()

    def atomic_decorator():
        geventd.atomic()(spin)()

    def part_greenlet():
        greenlet.greenlet(spin).switch()

    def signal_handler():
        signal.signal(signal.SIGUSR2, lambda *_: spin())
        signal.raise_signal(signal.SIGUSR2)
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)

    def written_out():
        class Slow:
            def __repr__(self):
                spin()
                return ''

        repr([Slow()])

    def tracing():
        def trace(frame, event, argument):
            spin()

        sys.settrace(trace)
        (lambda: None)()
        sys.settrace(None)

    def hub():
        hub_loop.run_callback(spin)
        gevent.sleep(0.01)

    def background():
        gevent.spawn(spin).join()

    plain = spin  # without slices


class SHARED:
    """What shares its time."""

    loop = share

    def dicts():
        before = seen['turns']
        until(lambda: [{'x': i} for i in range(10)] and seen['turns'] != before)

    def sort_key():
        before = seen['turns']
        sorted(range(10_000_000), key=lambda item: give_up_if(seen['turns'] != before))

    def regular_expression():
        before = seen['turns']
        end = time.thread_time() + LONG
        size = 16
        while seen['turns'] == before and time.thread_time() < end:
            re.match('(?:a|a)+b', 'a' * size)
            size = min(size + 1, 22)

    def texts():
        before = seen['turns']
        until(lambda: str(7) + repr(8) and seen['turns'] != before)

    def after_atomic():
        with geventd.atomic():
            spin()
        share()

    def in_except():
        try:
            raise KeyError(7)
        except KeyError:
            share()
            assert isinstance(sys.exc_info()[1], KeyError)

    def recursion():
        deep(200)

    def generator():
        list(share() for _ in range(1))

    def number_taken():
        number = our_number()
        called = []
        signal.signal(number, lambda *_: called.append(1))
        spin()
        gevent.sleep(0.01)
        share()
        assert not called and our_number() != number, (called, number)
        signal.signal(number, signal.SIG_DFL)


def deep(n):
    return deep(n - 1) if n else share()


class Enough(Exception):
    pass


def give_up_if(enough):
    if enough:
        raise Enough
    return 0


def unpatched_lock():
    """Another greenlet waits for a lock of the thread, which the suspended one has."""
    lock = monkey.get_original('_thread', 'allocate_lock')()
    steps = []

    def other():
        steps.append('asks')
        with lock:
            steps.append('has it')

    with lock:
        waits = gevent.spawn(other)
        until(lambda: steps)
        steps.append('goes on')
    waits.join(10)
    return steps


def take_turns(own, other):
    """Goes on only when the other one, which computes as well, has got further."""
    for _ in range(5):
        seen[own] += 1
        before = seen[other]
        until(lambda: seen[other] != before or seen[other] >= 5)
    return seen[other] >= 4


def our_number():
    return max(n for n in range(34, 65)
               if getattr(signal.getsignal(n), '__name__', '') == 'geventd_time_slice')


def held(kind):
    spun.clear()
    getattr(HELD, kind)()
    return spun


def shared(kind):
    before = seen['turns']
    try:
        getattr(SHARED, kind)()
    except Enough:
        pass
    return seen['turns'] != before


def wake_up(value):
    """Gives away its switch, is suspended by a slice meanwhile, and waits only then."""
    hub_loop.run_callback(gevent.getcurrent().switch, *value)
    share()
    share()
    return repr(gevent.get_hub().switch())


def thrown(how):
    me = gevent.getcurrent()
    try:
        if how == 'throw':
            hub_loop.run_callback(me.throw, ValueError('thrown'))
        elif how == 'timeout':
            gevent.Timeout(0.05).start()
        elif how == 'kill':
            gevent.kill(me)
        elif how == 'after a wake-up':
            hub_loop.run_callback(me.switch, 1)
            share()
            hub_loop.run_callback(me.throw, ValueError('thrown'))
        until(lambda: False)
    except BaseException as error:
        if how == 'after a wake-up':
            assert gevent.get_hub().switch() == 1
        gevent.sleep(0.01)  # notices a wake-up that is not its own
        return type(error).__name__
    return 'nothing'


def wait_in_c():
    library = ctypes.PyDLL(None)
    return [library.usleep(100_000) or library.poll(None, 0, 100) for _ in range(3)]


def one_pass():
    """Many greenlets that compute a little each, before the hub polls again."""
    gevent.joinall([gevent.spawn(until, lambda: False, 0.02) for _ in range(75)])


def waits():
    """Greenlets that wake each other up, under slices."""
    from gevent.lock import Semaphore
    from gevent.queue import Queue

    lock, queue, total = Semaphore(), Queue(), []

    def work(_):
        for i in range(200):
            with lock:
                sum(range(20_000))
            queue.put(i)
            total.append(queue.get())

    greenlets = [gevent.spawn(work, n) for n in range(5)]
    work(0)
    gevent.joinall(greenlets)
    return len(total)


def answer(path, word):
    if path == 'held':
        return held(word)
    if path == 'shared':
        return shared(word)
    if path == 'wake-up':
        return [wake_up(value) for value in ((), (None,), ('x',), (1, 2))]
    if path == 'thrown':
        return thrown(word)
    if path == 'wait-in-c':
        return wait_in_c()
    if path == 'unpatched-lock':
        return unpatched_lock()
    if path == 'waits':
        return waits()
    if path == 'pass':
        return one_pass()
    if path == 'turns':
        return take_turns(*word.split('/'))
    if path == 'compute':
        print('computes', flush=True)
        until(lambda: seen['go'])
        return bool(seen['go'])
    if path == 'go':
        seen['go'] = 1
    if path == 'spin':
        until(lambda: False, float(word))
    return 'done'


def application(environ, start_response):
    start()
    path, _, word = environ['PATH_INFO'][1:].partition('/')
    body = json.dumps(answer(path, word)).encode()
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(body)))])
    return [body]
'''
