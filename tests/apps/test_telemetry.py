# SPDX-License-Identifier: MIT
"""SDKs that send in the background: a stop takes no longer than under python3, and the last events
arrive. Each test has a collector of its own."""
import contextlib
import http.server
import subprocess
import sys
import threading
import time
import zlib

import pytest

from harness.limits import DEADLINE
from harness.virtualenv import make_virtualenv

PACKAGES = ['sentry-sdk', 'elastic-apm', 'opentelemetry-sdk',
            'opentelemetry-exporter-otlp-proto-http']
TRIES = 3
MORE = 0.3  # seconds

SENTRY = '''
import sentry_sdk

sentry_sdk.init(dsn='http://key@127.0.0.1:%(port)d/1')


def send(text):
    sentry_sdk.capture_message(text)
'''

# Creating it starts threads. Copies of these in a worker would take events out of the queue of the
# worker's own threads, so it is created after the fork, as the template's warning advises.
ELASTIC = '''
import elasticapm

client = None


def start():
    global client
    client = elasticapm.Client(service_name='test', server_url='http://127.0.0.1:%(port)d',
                               cloud_provider=False)


def send(text):
    client.capture_message(text)


try:
    import uwsgi
    uwsgi.post_fork_hook = start
except ImportError:
    start()
'''

OPENTELEMETRY = '''
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(
    OTLPSpanExporter(endpoint='http://127.0.0.1:%(port)d/v1/traces')))
tracer = trace.get_tracer('test', tracer_provider=provider)


def send(text):
    with tracer.start_as_current_span(text):
        pass
'''

APP = '''

def application(environ, start_response):
    send(environ['QUERY_STRING'])
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''

PLAIN = '''
import sys
import app

app.send(sys.argv[1])
print('sent', flush=True)
sys.stdin.read()
'''


@pytest.fixture(scope='module')
def virtualenv(tmp_path_factory):
    return make_virtualenv(tmp_path_factory.mktemp('telemetry') / 'venv', PACKAGES)


class Collector(http.server.ThreadingHTTPServer):
    """Accepts whatever is posted, and records which texts it contained."""

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.bodies = []
        self.changed = threading.Condition()

    def add(self, body):
        with self.changed:
            self.bodies.append(body)
            self.changed.notify_all()

    def wait_for(self, text):
        with self.changed:
            assert self.changed.wait_for(
                lambda: any(text.encode() in body for body in self.bodies), DEADLINE), text


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b';')[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b''.join(pieces)

    def do_POST(self):
        body = self.body()
        with contextlib.suppress(zlib.error):
            body = zlib.decompress(body, zlib.MAX_WBITS | 32)
        self.server.add(body)
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'{}')

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    with Collector() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def time_of_python(virtualenv, folder, text):
    """Seconds from the end of the main module to the end of the process."""
    with subprocess.Popen([virtualenv / 'bin/python3', 'plain.py', text], cwd=folder,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b'sent\n'
        begun = time.monotonic()
        process.stdin.close()
        assert process.wait(DEADLINE) == 0
        return time.monotonic() - begun


def time_of_geventd(server, source, config, text):
    running = server(source, config)
    assert running.get(f'/?{text}').status == 200
    begun = time.monotonic()
    assert running.stop() == 0
    took = time.monotonic() - begun
    for noise in ('GreenletExit', 'Traceback', 'left behind', 'cut off'):
        assert noise not in running.log.text()
    return took


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('sdk', [SENTRY, ELASTIC, OPENTELEMETRY],
                         ids=['sentry', 'elastic', 'opentelemetry'])
def test_a_stop_takes_no_longer_than_pythons_and_loses_nothing(server, virtualenv, collector,
                                                               tmp_path, sdk, preload):
    source = sdk % {'port': collector.server_address[1]} + APP
    (tmp_path / 'app.py').write_text(source)
    (tmp_path / 'plain.py').write_text(PLAIN)
    config = {'app': {'virtualenv': str(virtualenv), 'preload': preload}}
    plain = []
    ours = []
    for turn in range(TRIES):
        plain.append(time_of_python(virtualenv, tmp_path, f'plain-event-{turn}'))
        ours.append(time_of_geventd(server, source, config, f'geventd-event-{turn}'))
        collector.wait_for(f'plain-event-{turn}')
        collector.wait_for(f'geventd-event-{turn}')
    print(f'python3: {plain}, geventd: {ours}', file=sys.stderr)
    assert min(ours) <= min(plain) + MORE
