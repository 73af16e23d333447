# SPDX-License-Identifier: MIT
"""Load from wrk, or from bench/generator where wrk cannot make it, pinned to a core of its own."""
import collections
import dataclasses
import json
import math
import pathlib
import re
import resource
import subprocess
import tempfile

import servers


def allow_connections():
    """As many in this process and those that it starts as the system lets it have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclasses.dataclass(frozen=True)
class Work:
    """The request that clients repeat."""
    path: str = '/hello'
    connections: int = 64
    keep_alive: bool = True
    method: str = 'GET'
    body_size: int = 0


@dataclasses.dataclass(frozen=True)
class Result:
    requests: int
    errors: int  # answers that were not 2xx or 3xx, and failed connections, reads and writes
    rate: float  # requests a second
    p50: float = math.nan  # seconds; only from our own generator
    p99: float = math.nan
    worst: float = math.nan


def _script(work):
    lines = [f'wrk.method = "{work.method}"']
    if work.body_size:
        lines.append(f'wrk.body = string.rep("b", {work.body_size})')
    if not work.keep_alive:
        lines.append('wrk.headers["Connection"] = "close"')
    # Headers like a browser's: about ten fields.
    for name, value in (('Accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'),
                        ('Accept-Language', 'en-GB,en;q=0.5'),
                        ('Accept-Encoding', 'gzip, deflate'),
                        ('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) bench'),
                        ('Cache-Control', 'no-cache'), ('Pragma', 'no-cache'),
                        ('Referer', 'http://127.0.0.1/'), ('Cookie', 'session=0123456789abcdef')):
        lines.append(f'wrk.headers["{name}"] = "{value}"')
    return '\n'.join(lines)


def _number(pattern, text, convert=float, default=0):
    found = re.search(pattern, text, re.M)
    return convert(found.group(1)) if found else default


def command(port, work, seconds, core, folder, more=''):
    """The command line of wrk, whose script is written to `folder`."""
    script = pathlib.Path(folder) / 'work.lua'
    script.write_text(_script(work) + more)
    return ['taskset', '-c', str(core), 'wrk', '-t', '1', '-c', str(work.connections), '-d',
            f'{seconds}s', '--timeout', '30s', '-s', str(script),
            f'http://127.0.0.1:{port}{work.path}']


def _wrk(port, work, seconds, core, more=''):
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as folder:
        done = subprocess.run(command(port, work, seconds, core, folder, more),
                              capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'wrk: {done.stderr or done.stdout}')
    return done.stdout


def result(text, closes):
    """Parses wrk's report. `closes`: the server closes each connection after its response."""
    # wrk counts a read error when a connection ends that the server did not announce to close.
    kinds = 'connect|write|timeout' if closes else 'connect|read|write|timeout'
    errors = sum(int(number) for number in re.findall(rf'(?:{kinds}) (\d+)', text))
    errors += _number(r'Non-2xx or 3xx responses: (\d+)', text, int)
    return Result(_number(r'(\d+) requests in', text, int), errors,
                  _number(r'Requests/sec:\s+([\d.]+)', text))


def run(port, work, seconds, core, closes=False):
    """Loads the server for about `seconds`. `closes`: it does not keep connections. Raises
    RuntimeError when wrk cannot run."""
    return result(_wrk(port, work, seconds, core), closes or not work.keep_alive)


COUNT_BODIES = '''
local worker
function setup(thread) worker = thread end
counts = ""
local seen = {}
function response(status, headers, body)
    seen[body] = (seen[body] or 0) + 1
    counts = ""
    for text, number in pairs(seen) do counts = counts .. text .. "=" .. number .. " " end
end
function done() io.write("bodies: " .. worker:get("counts") .. "\\n") end
'''


def run_counting(port, work, seconds, core, closes=False):
    """The same; also returns {body: how often it was received}."""
    text = _wrk(port, work, seconds, core, '\n' + COUNT_BODIES)
    bodies = collections.Counter()
    for name, number in re.findall(r'(\S+)=(\d+)', text.partition('bodies: ')[2]):
        bodies[name] += int(number)
    return result(text, closes), bodies


def generate(port, seconds, arguments, core=1):
    """Load from our own generator."""
    done = subprocess.run(
        ['taskset', '-c', str(core), str(servers.BUILD / 'bench' / 'generator'), str(port),
         '--seconds', str(seconds), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'generator: {done.stderr}')
    seen = json.loads(done.stdout)
    return Result(seen['requests'], seen['errors'], seen['rate'], seen['p50'], seen['p99'],
                  seen['max'])
