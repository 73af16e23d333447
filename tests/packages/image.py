# SPDX-License-Identifier: MIT
"""What a Dockerfile says, done in a root instead of by Docker: its image is the root, its container
a process of that root with a read-only view, a network, and process numbers of its own."""
import json
import re
import shlex
import shutil
import subprocess
import time

# Runs as the first process of a container: only the loopback device, only /tmp can be written.
CONTAINER = r'''
mount --make-rprivate / && mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp
PATH=$PATH:/usr/local/bin python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 1))'
exec setpriv --reuid=$0 --regid=$1 --clear-groups -- env -i "${@:2}"
'''
ENOUGH = 60  # seconds
PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'  # that of both images


def instructions(text):
    """(name, argument) of each, in order."""
    text = re.sub(r'^#.*\n', '', text, flags=re.M).replace('\\\n', ' ')
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, argument = line.partition(' ')
        yield name, argument.strip()


class Image:
    """Built in the constructor, from a folder as `docker build` gets it."""

    def __init__(self, root, dockerfile, context):
        self.root = root
        self.context = context
        self.folder = '/'
        self.environment = {'PATH': PATH, 'HOME': '/'}
        self.said = {}
        for name, argument in instructions(dockerfile.read_text()):
            self.said[name] = argument
            getattr(self, f'do_{name.lower()}', lambda _: None)(argument)

    def do_workdir(self, argument):
        self.folder = argument
        self.root.run(f'mkdir -p {argument}')

    def do_env(self, argument):
        self.environment.update(item.split('=', 1) for item in shlex.split(argument))

    def do_run(self, argument):
        variables = ' '.join(f'{name}={shlex.quote(value)}'
                             for name, value in self.environment.items())
        self.root.run(f'cd {self.folder} && export {variables} && {argument}')

    def do_copy(self, argument):
        *patterns, target = argument.split()
        place = self.root.inside / self.folder.lstrip('/') / target
        if target.startswith('/'):
            place = self.root.inside / target.lstrip('/')
        place.mkdir(parents=True, exist_ok=True)
        for pattern in patterns:
            if pattern == '.':
                shutil.copytree(self.context, place, dirs_exist_ok=True)
                continue
            found = sorted(self.context.glob(pattern))
            assert found, f'COPY {argument}: there is no {pattern}'
            for file in found:
                shutil.copy(file, place)

    def run(self, **environment):
        return Container(self, {**self.environment, **environment})


class Container:
    """A running image, without rights; stops by its signal when it is closed."""

    def __init__(self, image, environment):
        self.image = image
        user, group = image.said['USER'].split(':')
        words = [user, group, *(f'{name}={value}' for name, value in environment.items()),
                 *json.loads(image.said['CMD'])]
        self.process = image.root.popen(
            f'cd {image.folder} && exec unshare --mount --net --pid --fork --mount-proc '
            f'bash -ec {shlex.quote(CONTAINER)} {" ".join(map(shlex.quote, words))}',
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.user, self.environment = user, environment
        self.first = None

    def wait_until_healthy(self):
        """By the image's HEALTHCHECK, as Docker asks it."""
        command = json.loads(self.image.said['HEALTHCHECK'].partition('CMD ')[2])
        end = time.monotonic() + ENOUGH
        while time.monotonic() < end and self.process.poll() is None:
            said = self.execute(shlex.join(command) + ' && echo healthy', check=False)
            if 'healthy' in said:
                return
            time.sleep(0.2)
        self.process.kill()
        raise AssertionError(self.process.communicate()[0])

    def execute(self, script, check=True):
        """The output of a script in the container, with its user."""
        self.first = self.first or self.image.root.run(
            f'pgrep --oldest --uid {self.user} || true').strip()
        variables = shlex.join(f'{name}={value}' for name, value in self.environment.items())
        return self.image.root.run(
            f'nsenter -t {self.first or "none"} -m -n -p setpriv --reuid={self.user} '
            f'--clear-groups -- env -i {variables} bash -ec {shlex.quote(script)}', check)

    def stop(self):
        """The exit code and all output."""
        name = self.image.said['STOPSIGNAL']
        self.image.root.run(f'kill -{name.removeprefix("SIG")} {self.first}')
        output, _ = self.process.communicate(timeout=ENOUGH)
        return self.process.returncode, output
