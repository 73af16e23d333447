# SPDX-License-Identifier: MIT
"""Where a file lies that a command line names."""
import os
import posixpath


class Places:
    """Looks for files below `folder`, beside the file that was given. With `elsewhere` they are
    named by the paths of another machine, as in an image or a unit, whose working directory is
    `workdir`; then a file of the same name is the one that is meant. `sources(path)` are the
    files that an image has been given for a path of its own."""

    def __init__(self, folder='', workdir='', elsewhere=False, sources=None):
        self.folder = folder
        self._workdir = workdir
        self.is_elsewhere = elsewhere
        self._sources = sources or (lambda path: [])

    def find(self, path):
        """The path at which the file can be read; unchanged if there is none."""
        inside = [os.path.relpath(path, self._workdir)] if (
            self._workdir and path.startswith(self._workdir.rstrip('/') + '/')) else []
        same_name = [os.path.basename(path)] if self.is_elsewhere else []
        candidates = self._copied(path) + ([path] if os.path.isabs(path) else [])
        candidates += [os.path.join(self.folder, name) for name in [path, *inside, *same_name]]
        return next((name for name in candidates if os.path.isfile(name)), path)

    def _copied(self, path):
        """The folder that an image is built from may be the one above its Dockerfile's."""
        whole = posixpath.normpath(posixpath.join(self._workdir or '/', path))
        return [os.path.join(folder, source) for source in self._sources(whole)
                for folder in (self.folder, os.path.dirname(os.path.abspath(self.folder)))]
