# SPDX-License-Identifier: MIT
"""Where a file lies that a command line names."""
import os


class Places:
    """Looks for files below `folder`, beside the file that was given. In an image or a unit they
    are named by the paths of another machine, whose working directory is `workdir`."""

    def __init__(self, folder='', workdir=''):
        self.folder = folder
        self._workdir = workdir

    def find(self, path):
        """The path at which the file can be read; unchanged if there is none."""
        inside = [os.path.relpath(path, self._workdir)] if (
            self._workdir and path.startswith(self._workdir.rstrip('/') + '/')) else []
        candidates = [path] if os.path.isabs(path) else []
        candidates += [os.path.join(self.folder, name)
                       for name in [path, *inside, os.path.basename(path)]]
        return next((name for name in candidates if os.path.isfile(name)), path)
