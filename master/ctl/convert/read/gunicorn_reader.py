# SPDX-License-Identifier: MIT
"""gunicorn's settings from its file, its command line and GUNICORN_CMD_ARGS. As there, what comes
later wins: file, environment, command line."""
import os
import shlex
import sys

from ..model import Found, Option, Unreadable
from . import gunicorn_effects, gunicorn_words
from .gunicorn_expressions import protect
from .gunicorn_process import run
from .gunicorn_source import Source
from .places import Places
from .variables import application_among, may_hold_options

LISTS = ('bind', 'raw_env', 'reload_extra_files', 'raw_paste_global_conf', 'dirty_apps')
SETTINGS_WITHOUT_OPTION = set('''
    wsgi_app tmp_upload_dir secure_scheme_headers logconfig_dict default_proc_name on_starting
    on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec
    pre_request post_request child_exit worker_exit nworkers_changed on_exit ssl_context
    on_dirty_starting dirty_post_fork dirty_worker_init dirty_worker_exit
    '''.split())
SETTINGS = SETTINGS_WITHOUT_OPTION | {name.strip('!') for name in gunicorn_words.OPTIONS.values()}
OLD_NAMES = {'logfile': 'errorlog', 'worker_exits': 'worker_exit'}


class GunicornReader:
    """Collects settings in gunicorn's order; the later one of a name replaces the earlier."""

    def __init__(self, source, python=sys.executable, places=None, given=None):
        self._source = source
        self._given = given or {}  # variables that only the server gets
        self._python = python
        self._places = places or Places()
        self._options = {}
        self._remarks = []
        self._effects = []
        self._absent = []  # variables that the file asked for in vain

    def add_file(self, path, folder=None):
        """Executes the file in a process of its own, as it may do anything."""
        if not os.path.exists(path):
            raise Unreadable(f'{path}: No such file or directory')
        result = run(self._python, path, folder, self._given)
        if result.get('lacks'):
            result = run(self._python, path, folder, self._given, 'stand-ins')
        if 'fault' in result:
            raise Unreadable(f'{result["fault"]}; if it needs the application\'s packages, name '
                             'its Python with --python')
        if result['missing']:
            packages = dict.fromkeys(name.partition('.')[0] for name in result['missing'])
            self._remarks.append(
                f'{os.path.basename(path)} imports what is not installed here: '
                f'{", ".join(packages)}. Stand-ins took their place; with --python the '
                'application\'s Python executes the file.')
        names, source = result['names'], source_of(path, self._given)
        self._absent = result['absent']
        for name, value in names.items():
            setting = OLD_NAMES.get(name, name)
            if setting in SETTINGS:
                self._add_from_file(setting, name, value, source, os.path.basename(path))
        for name in sorted(source.names_at_the_top() - set(names)):
            setting = OLD_NAMES.get(name, name)
            # Its statement stands below an `if` that was not true.
            if setting in SETTINGS and source.variables_behind(name):
                self._add_from_file(setting, name, None, source, os.path.basename(path))
        options, remarks = gunicorn_effects.options_of(
            result['effects'], source, os.path.basename(path), self._places.is_elsewhere)
        self._effects += options
        self._remarks += remarks

    def _add_from_file(self, setting, name, value, source, file):
        line, number = source.line_of(name)
        known, is_computed = opened(source, setting, name, value)
        if isinstance(known, dict) and 'hook' in known:
            known = {'calls': source.calls_of(known['hook']), 'name': name,
                     'body': source.body_of(known['hook']), **known}
        if is_computed and setting == 'raw_env':
            self._remarks.append(f'{name} of {file} is computed: its values are written as they '
                                 'are now. Write ${NAME} in the place of secrets.')
        unset = [variable for variable in source.variables_behind(name)
                 if not self._given.get(variable) and not os.environ.get(variable)]
        if not unset and value in (None, '') and not source.is_constant(name):
            # By a function, another name or another module.
            texts = source.texts_behind(name)
            unset = [each for each in self._absent if each in texts] or self._absent
        # The value does not stand in the comment: it may hold a password.
        self._set(Option(setting, known, line or name, f'{file}:{number}' if number else file,
                         'computed while converting' if is_computed and value is not None else '',
                         tuple(unset)))

    def add_environment(self, environment):
        """GUNICORN_CMD_ARGS holds a part of a command line."""
        text = environment.get('GUNICORN_CMD_ARGS')
        if text:
            try:
                words = shlex.split(protect(text))
            except ValueError as error:
                raise Unreadable(f'GUNICORN_CMD_ARGS is no command line: {error}') from None
            self._add_words(gunicorn_words.parse(words), 'GUNICORN_CMD_ARGS')

    def add_command_line(self, words, place, environment):
        """Words after the program's name, in which ${NAME} is a variable."""
        parsed = list(gunicorn_words.parse(words))
        self._add_config_file(parsed)
        self.add_environment(environment)
        self._add_words(self._with_application(parsed), place)

    def _with_application(self, parsed):
        """The first word without an option names the application; a variable does so only if
        nothing else does."""
        words = [value for name, value, _ in parsed if name == 'wsgi_app'][:1]
        if not words and 'wsgi_app' not in self._options:
            words = [application_among([value for name, value, _ in parsed if not name])]
        return [('wsgi_app', value, line) if not name and [value] == words else (name, value, line)
                for name, value, line in parsed if name != 'wsgi_app' or [value] == words]

    def _add_words(self, parsed, place):
        seen = set()
        for name, value, line in parsed:
            if not name:
                self._remarks.append(may_hold_options(value))
                continue
            if name in LISTS:
                known = self._options[name].value if name in seen else []
                value = [*known, value]
                line = f'{self._options[name].line} {line}' if name in seen else line
            if name != 'config':
                self._set(Option(name, value, line, place))
            seen.add(name)

    def _add_config_file(self, parsed):
        """-c, or the gunicorn.conf.py that gunicorn takes by itself."""
        named = [value for name, value, _ in parsed if name == 'config']
        path = named[-1] if named else './gunicorn.conf.py'
        path = path[len('file:'):] if path.startswith('file:') else path
        if path.startswith('python:'):
            path = path[len('python:'):].replace('.', '/') + '.py'
        found = self._places.find(path)
        if named or os.path.exists(found):
            self.add_file(found, self._places.folder)
            self._remarks.append(
                f'{os.path.normpath(found)} was executed, as gunicorn does with '
                f'{"what -c names" if named else "a file of this name in its working directory"}.')

    def _set(self, option):
        self._options.pop(option.name, None)
        self._options[option.name] = option

    def finish(self):
        """raw_env is set after os.environ was, and pythonpath stands before all else."""
        made = {name: [option for option in self._effects if option.name == name]
                for name in ('raw_env', 'pythonpath')}
        options = made['raw_env'] + list(self._options.values()) + made['pythonpath']
        return Found('gunicorn', options, self._remarks, self._source)


def source_of(path, given):
    """What another version of Python has executed may have a syntax that this one does not know."""
    with open(path, encoding='utf-8', errors='replace') as file:
        text = file.read()
    try:
        return Source(text, given)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, 'lineno', None)
        raise Unreadable(f'{path}{f":{line}" if line else ""} cannot be read by '
                         f'{sys.executable}: {error}') from None


def opened(source, setting, name, value):
    """(the value in geventd's syntax, whether anything in it is computed and not only taken)"""
    if isinstance(value, dict):
        return value, False
    if isinstance(value, list):
        texts = source.open_members(name, value)
        return [protect(member) if text is None else text
                for member, text in zip(value, texts)], None in texts
    text = source.open_value(name, value, counts_cpus=setting == 'workers')
    is_computed = text is None and not source.is_constant(name)
    return (protect(value) if text is None else text), is_computed
