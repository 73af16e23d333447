# SPDX-License-Identifier: MIT
"""Calls an application again and again, in a loop or in a fresh greenlet for each call, until it is
interrupted. Prints the CPU seconds per call, without the greenlet's own cost:
call_alone.py MODULE:NAME FOLDER loop|greenlet."""
import importlib
import io
import signal
import sys
import time
import wsgiref.util

import greenlet
from gevent import monkey

monkey.patch_all()

COUNT = 500  # calls to warm up
FIELDS = {'HTTP_ACCEPT': 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
          'HTTP_ACCEPT_LANGUAGE': 'en-GB,en;q=0.5', 'HTTP_ACCEPT_ENCODING': 'gzip, deflate',
          'HTTP_USER_AGENT': 'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) bench',
          'HTTP_CACHE_CONTROL': 'no-cache', 'HTTP_PRAGMA': 'no-cache',
          'HTTP_REFERER': 'http://127.0.0.1/', 'HTTP_COOKIE': 'session=0123456789abcdef'}


def call(application, template):
    answer = application(dict(template), lambda status, headers, exc_info=None: None)
    for _ in answer:
        pass
    if hasattr(answer, 'close'):
        answer.close()


def nothing(environ, start_response):
    return ()


def in_greenlet(application, template):
    greenlet.greenlet(call).switch(application, template)


def greenlet_seconds():
    begin = time.process_time()
    for _ in range(20 * COUNT):
        in_greenlet(nothing, {})
    return (time.process_time() - begin) / (20 * COUNT)


def main():
    spec, folder, how = sys.argv[1:]
    sys.path.insert(0, folder)
    module, name = spec.split(':')
    application = getattr(importlib.import_module(module), name)
    template = {'wsgi.input': io.BytesIO(), **FIELDS}
    wsgiref.util.setup_testing_defaults(template)
    deed, besides = (call, 0) if how == 'loop' else (in_greenlet, greenlet_seconds())
    for _ in range(COUNT):
        deed(application, template)
    interrupted = []
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    print('ready', flush=True)
    count, begin = 0, time.process_time()
    while not interrupted:
        deed(application, template)
        count += 1
    print((time.process_time() - begin) / max(1, count) - besides)


main()
