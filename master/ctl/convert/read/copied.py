# SPDX-License-Identifier: MIT
"""What COPY and ADD put into an image."""
import json
import posixpath
import re
from typing import Dict, List, Tuple


class Copied:
    """Of a stage of a Dockerfile; `stages` are the ones before, by name and number."""

    def __init__(self, entries=(), stages=None):
        self._entries: List[Tuple[str, str, str]] = list(entries)  # (place, source, stage)
        self._stages: Dict[str, Copied] = stages if stages is not None else {}

    def child(self):
        return Copied(self._entries, self._stages)

    def add(self, text, workdir):
        """Of an instruction what follows its name."""
        options, words = file_words(text)
        *sources, place = words or ['']
        stage = next((option.partition('=')[2].lower() for option in options
                      if option.startswith('--from=')), '')
        for source in sources:
            self._entries.append((posixpath.join(workdir or '/', place), source, stage))

    def sources(self, path, depth=9):
        """What may be the file at the path in the image, the likeliest first."""
        found = [(len(place.rstrip('/')), name) for place, source, stage in reversed(self._entries)
                 for name in self._of_entry(path, place, source, stage, depth)]
        return [name for _, name in sorted(found, key=lambda pair: -pair[0])]

    def _of_entry(self, path, place, source, stage, depth):
        """A file keeps its name in a folder; of a folder the contents are copied."""
        folder = place.rstrip('/')
        names = [source] if path == place or (
            path == posixpath.join(folder, posixpath.basename(source))) else []
        if path.startswith(f'{folder}/'):
            names.append(posixpath.join(source, path[len(folder) + 1:]))
        names = [posixpath.normpath(name) for name in names]
        if not stage:
            return [name.lstrip('/') for name in names]
        other = self._stages.get(stage)
        return [name for each in names for name in other.sources(each, depth - 1)] \
            if other and depth else []


def file_words(text):
    """(options, files) that COPY and ADD name."""
    words = text.split()
    options = [word for word in words if word.startswith('--')]
    listed = re.search(r'\[.*\]\s*$', text)
    try:
        files = json.loads(listed[0]) if listed else None
    except ValueError:
        files = None
    return options, [str(file) for file in files] if files else [
        word for word in words if not word.startswith('--')]
