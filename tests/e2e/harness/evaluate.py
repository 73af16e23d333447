# SPDX-License-Identifier: MIT
"""An application that evaluates Python expressions inside requests, as the text of app.py."""
import ast

APP = '''
import gevent
import os
import threading
import uwsgi

%s


def say(*words):
    # One write: print() makes two, and lines of several workers would be torn.
    os.write(1, (' '.join(map(str, words)) + chr(10)).encode())


def attempt(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__ + ': ' + str(error)


def in_thread(call):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(attempt(call)))
    thread.start()
    thread.join()
    return answers[0]


def application(environ, start_response):
    source = environ['wsgi.input'].read().decode()
    body = repr(attempt(lambda: eval(source, globals(), {'environ': environ}))).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''


def application(prelude=''):
    """`prelude` runs when the application is imported."""
    return APP % prelude


def ask(running, source):
    """The value of a Python expression inside a request; for an exception, 'NAME: text'."""
    return ast.literal_eval(running.request('POST', '/', source.encode()).text)
