# SPDX-License-Identifier: MIT
"""Finds the plugins of gevent: entry points of installed packages, in groups such as
gevent.plugins.monkey.did_patch_all.

importlib.metadata finds them as well, but its import is a sixth of a start, so it is asked only
where folders of sys.path do not tell.
"""
import functools
import importlib
import importlib.machinery
import os
import sys


class _Plugin:
    def __init__(self, value):
        self._module, _, self._attributes = value.partition("[")[0].strip().partition(":")

    def load(self):
        module = importlib.import_module(self._module.strip())
        return functools.reduce(getattr, self._attributes.strip().split("."), module)


def _add_plugins(text, found):
    """Adds those of an entry_points.txt to `found`, a dictionary of lists by group."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#") and group.startswith("gevent.plugins."):
            found.setdefault(group, []).append(_Plugin(line.partition("=")[2]))


def _entry_files(folder):
    """(package, path) of each package in a folder of sys.path that may have entry points."""
    for name in os.listdir(folder or "."):
        stem, _, kind = name.lower().rpartition(".")
        if name.lower() == "egg-info":
            stem = os.path.basename(folder).lower()
        elif kind not in ("dist-info", "egg-info"):
            continue
        package = stem.partition("-")[0].replace(".", "_")
        yield package, os.path.join(folder, name, "entry_points.txt")


def _read():
    """The plugins by group; None if another kind of finder, or an archive, may have some."""
    found, seen = {}, set()
    for finder in sys.meta_path:
        if hasattr(finder, "find_distributions") and finder is not importlib.machinery.PathFinder:
            return None
    for folder in sys.path:
        try:
            files = list(_entry_files(folder))
        except NotADirectoryError:
            return None
        except (OSError, TypeError, ValueError):
            continue
        for package, path in files:
            if package not in seen:  # the first on sys.path is the one that is imported
                seen.add(package)
                try:
                    with open(path, encoding="utf-8") as file:
                        _add_plugins(file.read(), found)
                except OSError:
                    continue  # most packages have none
    return found


@functools.lru_cache(maxsize=1)  # gevent asks 25 times while it patches
def _all():
    found = _read()
    if found is not None:
        return found
    from importlib.metadata import entry_points

    return entry_points()


def plugins_of(group):
    """What pkg_resources.iter_entry_points(group) gives, as far as gevent uses it."""
    found = _all()
    return found.select(group=group) if hasattr(found, "select") else found.get(group, ())
