# SPDX-License-Identifier: MIT
"""Requests that compute for so many seconds of CPU time: /KIND?SECONDS. Others are hellos."""
import re
import time

from hello import hello


def loop():
    total = 0
    for number in range(20_000):
        total += number


def dicts():
    return [{'number': number} for number in range(10_000)]


def sort():
    return sorted(range(20_000), key=lambda number: -number)


def expression():
    return re.match('(?:a|a)+b', 'a' * 16)


KINDS = {'/loop': loop, '/dicts': dicts, '/sort': sort, '/expression': expression}


def application(environ, start_response):
    compute = KINDS.get(environ['PATH_INFO'])
    if compute:
        end = time.thread_time() + float(environ['QUERY_STRING'])
        while time.thread_time() < end:
            compute()
    return hello(environ, start_response)
