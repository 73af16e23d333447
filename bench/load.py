# SPDX-License-Identifier: MIT
"""Load from wrk, pinned to cores of its own."""
import dataclasses
import math
import pathlib
import re
import subprocess
import tempfile

UNITS = {'us': 1e-6, 'ms': 1e-3, 's': 1.0, 'm': 60.0}


@dataclasses.dataclass(frozen=True)
class Work:
    """What one client asks for, again and again."""
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
    p50: float  # seconds
    p99: float


def _script(work):
    lines = [f'wrk.method = "{work.method}"']
    if work.body_size:
        lines.append(f'wrk.body = string.rep("b", {work.body_size})')
    if not work.keep_alive:
        lines.append('wrk.headers["Connection"] = "close"')
    # What a browser sends: about ten fields.
    for name, value in (('Accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'),
                        ('Accept-Language', 'en-GB,en;q=0.5'),
                        ('Accept-Encoding', 'gzip, deflate'),
                        ('User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) bench'),
                        ('Cache-Control', 'no-cache'), ('Pragma', 'no-cache'),
                        ('Referer', 'http://127.0.0.1/'), ('Cookie', 'session=0123456789abcdef')):
        lines.append(f'wrk.headers["{name}"] = "{value}"')
    return '\n'.join(lines)


def _seconds(text):
    found = re.fullmatch(r'([\d.]+)(us|ms|s|m)', text)
    return float(found.group(1)) * UNITS[found.group(2)] if found else math.nan


def _number(pattern, text, convert=float, default=0):
    found = re.search(pattern, text)
    return convert(found.group(1)) if found else default


def run(port, work, seconds, core):
    """Loads the server for about that long. Raises RuntimeError when wrk cannot run."""
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as folder:
        script = pathlib.Path(folder) / 'work.lua'
        script.write_text(_script(work))
        done = subprocess.run(
            ['taskset', '-c', str(core), 'wrk', '-t', '1', '-c', str(work.connections), '-d',
             f'{seconds}s', '--timeout', '30s', '--latency', '-s', str(script),
             f'http://127.0.0.1:{port}{work.path}'], capture_output=True, text=True, check=False)
    text = done.stdout
    if done.returncode:
        raise RuntimeError(f'wrk: {done.stderr or text}')
    errors = sum(int(number) for number in re.findall(
        r'(?:connect|read|write|timeout) (\d+)', text))
    errors += _number(r'Non-2xx or 3xx responses: (\d+)', text, int)
    return Result(_number(r'(\d+) requests in', text, int), errors,
                  _number(r'Requests/sec:\s+([\d.]+)', text),
                  _number(r'50%\s+(\S+)', text, _seconds), _number(r'99%\s+(\S+)', text, _seconds))
