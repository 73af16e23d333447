# SPDX-License-Identifier: MIT
"""Loads applications that Paste Deploy files describe (`app.module: paste:production.ini#main`).
Embedded in geventd-worker; imported when it is needed.
"""
import os
import sys
from configparser import ConfigParser
from configparser import Error as ConfigError
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
    from logging.config import fileConfig

    places = {"__file__": path, "here": os.path.dirname(path)}
    # Not strict, since names that differ in capitals only are one for it, and two for PasteDeploy.
    sections = ConfigParser(defaults=places, interpolation=None, strict=False)
    sections.read(path, encoding="utf-8")
    if sections.has_section("loggers"):
        fileConfig(path, defaults=places, disable_existing_loggers=False)


def _is_raised_by_paste(error):
    """Whether PasteDeploy or the parser that it uses complains, and not the application."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__"))
        last = last if name == "configparser" else name
        trace = trace.tb_next
    return last == __name__ or last.startswith("paste.deploy.")


def load_described(spec, remedy):
    """The application NAME (by default main) of FILE#NAME. `remedy` ends the sentence about a file
    that is not found."""
    file, _, name = spec.partition("#")
    path = os.path.abspath(file)
    if not os.path.isfile(path):
        raise Fault(f"app: there is no file {path}{remedy(file)}")
    loadapp = _loadapp(spec)
    note_source(path)
    try:
        _configure_logging(path)
        return loadapp("config:" + quote(path), name=name or "main")
    except (LookupError, ConfigError) as error:
        if not _is_raised_by_paste(error):
            raise
        raise Fault(f"app: paste:{spec}: {' '.join(str(error).split())}") from None
