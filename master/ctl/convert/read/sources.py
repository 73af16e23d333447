# SPDX-License-Identifier: MIT
"""Which reader a file or command line is for."""
import os
import re
import shlex

from ..model import Found, Option, Unreadable
from .command_files import kind_of
from .gunicorn_reader import SETTINGS, GunicornReader
from .gunicorn_source import names_given
from .shell import command_of_words
from .supervisord import is_supervisord
from .uwsgi_files import PARSERS
from .uwsgi_reader import UwsgiReader, split_section


def read_words(words, python, environment):
    """A command line as the shell has split it: literal texts."""
    command = command_of_words([word.replace('${', '$${') for word in words], '')
    if command is None:
        raise Unreadable('the command line starts neither uwsgi nor gunicorn')
    return read_command(command, python, environment, f'the command line {shown(words)}')


def shown(words, most=200):
    """A command line for a heading, where the beginning of a long one is enough."""
    text = shlex.join(words)
    return f'`{text}`' if len(text) <= most else f'`{text[:most]}…`'


def read_file(path, python, environment):
    """Any of the files that the manual names."""
    name, _ = split_section(path)
    extension = os.path.splitext(name)[1].lower()
    if extension in PARSERS and not is_of_others(name):
        reader = UwsgiReader(path)
        reader.add_environment(environment)
        reader.add_named_file(path)
        return reader.finish()
    if extension == '.py' or is_gunicorns(path):
        reader = GunicornReader(path, python)
        reader.add_file(path)
        reader.add_environment(environment)
        return reader.finish()
    text = text_of(path)
    return read_command(kind_of(text, path)(text, path), python, {}, path)


def text_of(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError as error:
        raise Unreadable(f'{path}: {error.strerror}') from None


def is_of_others(path):
    """Whether a file with an ending of uWSGI's is supervisord's. One of compose holds no words to
    read, but lists of them in many forms."""
    text = text_of(path)
    if path.endswith(('.yml', '.yaml')) and re.search('^services:', text, re.M) \
            and not re.search('^uwsgi:', text, re.M):
        raise Unreadable(f'{path} is a compose file: convert the command line of the service after '
                         '--, such as `geventctl convert -- gunicorn …`, or its Dockerfile')
    if path.endswith(('.yml', '.yaml')) and re.search(
            r'^apiVersion:|^(command|args|containers):', text, re.M) \
            and not re.search('^uwsgi:', text, re.M):
        raise Unreadable(f'{path} is a manifest or values for one: convert the command line of the '
                         'container after --, such as `geventctl convert -- gunicorn …`, or the '
                         'Dockerfile of its image')
    return path.endswith('.ini') and is_supervisord(text) and '[uwsgi]' not in text


def is_gunicorns(path):
    """A configuration of gunicorn's may have any name: it is Python that sets one of its names."""
    try:
        return bool(names_given(text_of(path)) & SETTINGS)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def read_environment(environment):
    """No file at all: UWSGI_* or GUNICORN_CMD_ARGS of the environment."""
    if environment.get('GUNICORN_CMD_ARGS'):
        reader = GunicornReader('GUNICORN_CMD_ARGS')
        reader.add_environment(environment)
        return reader.finish()
    reader = UwsgiReader('the environment')
    reader.add_environment(environment)
    found = reader.finish()
    if not found.options:
        raise Unreadable('there is nothing to convert: name a file, or a command line after --')
    return found


def read_command(command, python, environment, source):
    """The options of a command line and of the files that it names."""
    environment = {**environment, **command.surrounding, **command.environment}
    if command.server == 'uwsgi':
        reader = UwsgiReader(source, command.places)
        reader.add_environment(environment)
    else:
        reader = GunicornReader(source, python, command.places, command.environment)
    reader.add_command_line(command.words, command.place, environment)
    found = reader.finish()
    found.options = variables_of(command, found) + found.options
    found.remarks = command.remarks + found.remarks
    found.left_out = command.left_out
    found.activation, found.patience = command.activation, command.patience
    found.on_paas = command.on_paas
    found.variables = {name: Option(name, value, f'{name}={value}', os.path.basename(place))
                       for variables, place in ((command.surrounding, source),
                                                (command.environment, command.place))
                       for name, value in variables.items()}
    if command.chdir and not any(option.name == 'chdir' for option in found.options):
        equals = ' ' if command.chdir_key == 'cd' else '='
        found.options.append(Option(
            'chdir', command.chdir, f'{command.chdir_key}{equals}{command.chdir}',
            command.place if equals == ' ' else os.path.basename(source)))
    return found


def variables_of(command, found: Found):
    """Variables that stand before the command; those of an image or a unit stay there."""
    name = 'env' if found.server == 'uwsgi' else 'raw_env'
    return [Option(name, f'{key}={value}', f'{key}={value}', command.place)
            for key, value in command.environment.items()
            if not key.startswith('UWSGI_') and key != 'GUNICORN_CMD_ARGS']
