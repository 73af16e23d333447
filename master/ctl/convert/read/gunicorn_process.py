# SPDX-License-Identifier: MIT
"""The process that executes gunicorn.conf.py, and whatever the file leaves behind."""
import json
import os
import signal
import subprocess
import tempfile
import time

from ..model import Unreadable

CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'gunicorn_child.py')
PATIENCE = 60  # seconds that the file may take
LONGEST_PAUSE = 0.05


def run(python, path, folder, given, *more):
    """What the child says of the file, executed with the variables that the server is `given`. The
    result comes in a file of its own: what the file prints is no part of it, and nobody waits for
    processes that it has started."""
    with tempfile.TemporaryFile() as result:
        try:
            process = subprocess.Popen(
                [python, '-B', CHILD, os.path.abspath(path), str(result.fileno()), *more],
                cwd=folder or None, env={**os.environ, **given},
                pass_fds=(result.fileno(),), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if not end(process):
                raise Unreadable(f'{path} did not end within {PATIENCE} s')
            result.seek(0)
            return json.loads(result.read())
        except (OSError, ValueError) as error:
            raise Unreadable(f'{path} cannot be executed by {python}: {error}') from None


def end(process):
    """Waits for the process and ends all of its session. Whether it has ended by itself."""
    try:
        return has_ended_within(process.pid, PATIENCE)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        process.wait()


def has_ended_within(pid, seconds):
    until, pause = time.monotonic() + seconds, 0.001
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= until:
            return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return True
