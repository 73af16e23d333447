# SPDX-License-Identifier: MIT
"""A program in a tmux terminal, which shows what a person would see."""
import contextlib
import os
import shlex
import subprocess
import tempfile
import time

from harness.limits import DEADLINE


class Terminal:
    """A terminal of a tmux server of its own."""

    def __init__(self, socket, folder, command, width=120, height=40):
        self.socket = socket
        environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TERM': 'xterm-256color'}
        environment.pop('TMUX', None)
        line = ' '.join(shlex.quote(str(word)) for word in command)
        # Shows the exit code when the program has ended.
        subprocess.run(
            ['tmux', '-f', '/dev/null', '-S', self.socket, 'new-session', '-d', '-x', str(width),
             '-y', str(height), '-c', str(folder), f'{line}; echo exit code $?; exec sleep 600'],
            check=True, env=environment)

    def tmux(self, *arguments):
        return subprocess.run(['tmux', '-S', self.socket, *arguments], check=True,
                              capture_output=True, text=True, encoding='utf-8').stdout

    def screen(self):
        return self.tmux('capture-pane', '-p', '-t', '0')

    def wait(self, predicate, timeout=DEADLINE):
        """The screen, as soon as `predicate(screen)` is true."""
        end = time.monotonic() + timeout
        while True:
            screen = self.screen()
            if predicate(screen):
                return screen
            assert time.monotonic() < end, f'the terminal stays like this:\n{screen}'
            time.sleep(0.05)

    def type(self, *keys):
        self.tmux('send-keys', '-t', '0', *keys)

    def resize(self, width, height):
        self.tmux('resize-window', '-t', '0', '-x', str(width), '-y', str(height))


@contextlib.contextmanager
def terminal(folder, command, **size):
    """Runs `command` in `folder`; the terminal and the program end with the block."""
    with tempfile.TemporaryDirectory() as own:
        shown = Terminal(f'{own}/tmux.sock', folder, command, **size)
        try:
            yield shown
        finally:
            shown.tmux('kill-server')
