# SPDX-License-Identifier: MIT
"""A geventd of an environment, running."""
import json
import os
import re
import subprocess
import threading
import time
import urllib.request

HELLO = '''
def app(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
'''
FLASK = '''
import flask
app = flask.Flask(__name__)


@app.route('/')
def root():
    return 'flask ' + flask.request.path
'''
ENOUGH = 120  # seconds, after which an event that is waited for has failed to come


def bare_environment(**variables):
    return {**{name: value for name, value in os.environ.items()
               if not name.startswith(('PYTHON', 'GEVENTD', 'VIRTUAL_ENV'))}, **variables}


class Running:
    """`geventd --set ...` of the environment with these programs, in a folder with an app.py."""

    def __init__(self, programs, folder, source, command=None, settings=(), **variables):
        self.programs = programs
        self.folder = folder
        (folder / 'app.py').write_text(source)
        every = ('listen=http://127.0.0.1:0', 'app=app:app', f'control={folder}/ctl', *settings)
        self.process = subprocess.Popen(
            [*(command or [programs / 'geventd']), *(word for setting in every
                                                     for word in ('--set', setting))],
            cwd=folder, stderr=subprocess.PIPE, text=True, env=bare_environment(**variables))
        self.lines = []
        self.url = self.ready()
        self.reader = threading.Thread(target=self.lines.extend, args=(self.process.stderr,))
        self.reader.start()

    def ready(self):
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r' ready: .*(http://127.0.0.1:\d+) \((.*)\)', line)
            if found:
                self.python = found[2]
                return found[1]
        raise AssertionError(''.join(self.lines))

    def get(self, path='/'):
        with urllib.request.urlopen(self.url + path, timeout=ENOUGH) as answer:
            return answer.read().decode()

    def ctl(self, *arguments):
        return subprocess.run(
            [self.programs / 'geventctl', '--socket', self.folder / 'ctl', *arguments],
            capture_output=True, text=True, timeout=ENOUGH)

    def status(self):
        return json.loads(self.ctl('status', '--json').stdout)

    def worker(self):
        """The process id of the first."""
        return self.status()['workers'][0]['pid']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ctl('stop')
        self.reader.join(ENOUGH)
        self.process.wait(ENOUGH)


def wait_for(happened, what):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + ENOUGH
    while time.monotonic() < end:
        if answer := happened():
            return answer
        time.sleep(0.05)
    raise TimeoutError(what)
