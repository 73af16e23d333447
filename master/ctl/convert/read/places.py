# SPDX-License-Identifier: MIT
"""Where a file lies that a command line names."""
import os
import posixpath

from ..model import Unreadable


class Places:
    """Looks for files below `folder`, beside the file that was given. With `elsewhere` they are
    named by the paths of another machine, as in an image or a unit, whose working directory is
    `workdir`; then a file of the same name is the one that is meant. `sources(path)` are the
    files that an image has been given for a path of its own: an absolute path is one in the image,
    and what this machine has there is not looked at."""

    def __init__(self, folder='', workdir='', elsewhere=False, sources=None):
        self.folder = folder
        self._workdir = workdir
        self.is_elsewhere = elsewhere
        self._sources = sources

    def find(self, path):
        """The path at which the file can be read; unchanged if there is none."""
        found = self.found(path)
        if not found and not self._may_be_here(path):
            raise Unreadable(f'{path} is a file of the image, and none of its name lies beside the '
                             'Dockerfile')
        return found or path

    def found(self, path):
        """The path at which the file can be read, or ''."""
        inside = [os.path.relpath(path, self._workdir)] if (
            self._workdir and path.startswith(self._workdir.rstrip('/') + '/')) else []
        same_name = [os.path.basename(path)] if self.is_elsewhere else []
        own = [path] if self._may_be_here(path) else []
        candidates = self._copied(path)
        candidates += [os.path.join(self.folder, name) for name in [*own, *inside, *same_name]]
        return next((name for name in candidates if os.path.isfile(name)), '')

    def is_here(self, path):
        """Whether the path is, as it stands, that of a file that can be read."""
        return self._may_be_here(path) and os.path.isfile(path)

    def _may_be_here(self, path):
        return self._sources is None or not os.path.isabs(path)

    def _copied(self, path):
        """The folder that an image is built from may be the one above its Dockerfile's."""
        if self._sources is None:
            return []
        whole = posixpath.normpath(posixpath.join(self._workdir or '/', path))
        return [os.path.join(folder, source) for source in self._sources(whole)
                for folder in (self.folder, os.path.dirname(os.path.abspath(self.folder)))]
