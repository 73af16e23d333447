# SPDX-License-Identifier: MIT
"""The beginning of applications that fork."""

COMMON = '''
import os
import sys
import time

import gevent


def code_of(pid):
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        gevent.sleep(0.005)


def answer(start_response, text):
    body = str(text).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]


def wait(name):
    while not os.path.exists(name):
        gevent.sleep(0.005)
'''
