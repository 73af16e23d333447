# SPDX-License-Identifier: MIT
"""Loads applications that Paste Deploy files describe (`app.module: paste:production.ini#main`).
Embedded in geventd-worker; imported when it is needed.
"""
import os
import sys
from urllib.parse import quote

from _geventd_boot import Fault, note_source


def _loadapp(spec):
    try:
        from paste.deploy import loadapp
    except ModuleNotFoundError as error:
        if error.name not in ("paste", "paste.deploy"):
            raise
        raise Fault(
            f"app: paste:{spec} needs PasteDeploy, which {sys.executable or 'Python'} does not "
            "have: install PasteDeploy there"
        ) from None
    return loadapp


def _configure_logging(path):
    """Applies the file's sections loggers, handlers and formatters, if it has them."""
    from configparser import ConfigParser
    from logging.config import fileConfig

    places = {"__file__": path, "here": os.path.dirname(path)}
    sections = ConfigParser(defaults=places, interpolation=None)
    sections.read(path, encoding="utf-8")
    if sections.has_section("loggers"):
        fileConfig(path, defaults=places, disable_existing_loggers=False)


def _is_raised_by_paste(error):
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__")).startswith("paste.deploy.")


def load_described(spec, remedy):
    """The application NAME (by default main) of FILE#NAME. `remedy` ends the sentence about a file
    that is not found."""
    file, _, name = spec.partition("#")
    path = os.path.abspath(file)
    if not os.path.isfile(path):
        raise Fault(f"app: there is no file {path}{remedy(file)}")
    loadapp = _loadapp(spec)
    note_source(path)
    _configure_logging(path)
    try:
        return loadapp("config:" + quote(path), name=name or "main")
    except LookupError as error:
        if not _is_raised_by_paste(error):
            raise
        raise Fault(f"app: paste:{spec}: {error}") from None
