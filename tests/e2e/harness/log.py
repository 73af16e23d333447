# SPDX-License-Identifier: MIT
"""The output of a server, read as it grows."""
import json
import re
import threading
import time

from .limits import DEADLINE

TEXT_LINE = re.compile(
    r'^\d{4}-\d\d-\d\dT[\d:.]+Z (?P<level>debug|info|warning|error) '
    r'(?P<role>[a-z]+(?: \d+)?)\[(?P<pid>\d+)\]: (?P<text>.*)$')


class Log:
    """Lines from a pipe to which every process of the server writes. Its end of file means that the
    last of them has exited (or has closed its output)."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self._pipe:
            with self._changed:
                self._lines.append(raw.decode('utf-8', 'backslashreplace').rstrip('\n'))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._pipe.close()

    def lines(self):
        with self._changed:
            return list(self._lines)

    def text(self):
        return '\n'.join(self.lines())

    def mark(self):
        """The present end of the log; pass it as `since` to see only what comes after."""
        return len(self.lines())

    def wait(self, pattern, since=0, count=1, timeout=DEADLINE):
        """The count-th match of `pattern` in a line after `since`; fails with the whole log."""
        end = time.monotonic() + timeout
        expression = re.compile(pattern)
        with self._changed:
            position, seen = since, 0
            while True:
                while position < len(self._lines):
                    match = expression.search(self._lines[position])
                    position += 1
                    if match:
                        seen += 1
                        if seen == count:
                            return match
                left = end - time.monotonic()
                if self._ended or left <= 0:
                    why = 'the log ended' if self._ended else f'nothing in {timeout} s'
                    raise AssertionError(
                        f'{why}, waiting for {pattern!r} ({seen} of {count}) in:\n'
                        + '\n'.join(self._lines[since:]))
                self._changed.wait(left)

    def wait_end(self, timeout=DEADLINE):
        with self._changed:
            return self._changed.wait_for(lambda: self._ended, timeout)

    def wait_last_words(self):
        """Waits at most a second for the end, because the last lines of a process may still be in
        the pipe. Sleeps in small steps, so that it is a second of this process' own time."""
        return any(self.wait_end(0.05) for _ in range(20))

    def errors(self):
        """The server's own lines of level error."""
        found = []
        for line in self.lines():
            match = TEXT_LINE.match(line)
            if match and match['level'] == 'error':
                found.append(line)
            elif line.startswith('{'):
                try:
                    if json.loads(line).get('level') == 'error':
                        found.append(line)
                except (ValueError, AttributeError):
                    pass
        return found
