# SPDX-License-Identifier: MIT
"""Cases of WSGI: small applications in one app.py, each called by its name in the path, directly as
/NAME and under wsgiref's validator as /valid/NAME."""

DISPATCH = '''
import sys
from wsgiref.validate import validator

CASES = {}
HEADERS = [('Content-Type', 'text/plain')]


def case(function):
    CASES[function.__name__] = function
    return function


def application(environ, start_response):
    first, _, rest = environ['PATH_INFO'][1:].partition('/')
    if first != 'valid':
        return CASES[first](environ, start_response)
    return validator(CASES[rest])(environ, start_response)
'''

BOTH = ('', '/valid')  # prefixes of the path


def both(*names):
    """Paths of the cases, direct and validated."""
    return [prefix + '/' + name for name in names for prefix in BOTH]
