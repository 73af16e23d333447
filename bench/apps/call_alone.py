# SPDX-License-Identifier: MIT
"""Prints the seconds of CPU that an application itself needs for a request when it is called in a
loop, and when each call is in a fresh greenlet (without what the greenlet itself takes):
call_alone.py MODULE:NAME FOLDER."""
import importlib
import io
import sys
import time
import wsgiref.util

import greenlet
from gevent import monkey

monkey.patch_all()

COUNT = 5000
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


def seconds(deed, application, template):
    """Of the quickest of three times COUNT calls, for one."""
    for _ in range(COUNT // 10):
        deed(application, template)
    times = []
    for _ in range(3):
        begin = time.process_time()
        for _ in range(COUNT):
            deed(application, template)
        times.append((time.process_time() - begin) / COUNT)
    return min(times)


def main():
    spec, folder = sys.argv[1:]
    sys.path.insert(0, folder)
    module, name = spec.split(':')
    application = getattr(importlib.import_module(module), name)
    template = {'wsgi.input': io.BytesIO(), **FIELDS}
    wsgiref.util.setup_testing_defaults(template)
    print(seconds(call, application, template), seconds(in_greenlet, application, template)
          - seconds(in_greenlet, nothing, template))


main()
