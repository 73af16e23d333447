# SPDX-License-Identifier: MIT
"""gunicorn's settings of logs: their rows, what they do, and what they decide together."""
import dataclasses
import json
import re

from ..model import Setting
from . import log_formats
from .log_places import place_of, place_to_be, set_access_file
from .rows import built_in, maps, refused
from .values import fact, is_open, of_now, refuse_value

LOGCONFIGS = ('logconfig', 'logconfig_dict', 'logconfig_json')
LOCAL_SYSLOG = re.compile(r'unix:///dev/log|udp://(localhost|127\.0\.0\.1)(:514)?')


def access_log(draft, option):
    """- is standard output there; nothing means no lines for requests."""
    option = place_to_be(option)
    if option.value not in (None, '', 'None'):
        draft.facts['accesslog'] = option


def error_log(draft, option):
    """- is standard error there, which is also geventd's default."""
    option = place_to_be(option)
    draft.facts['errorlog'] = option
    value = '-' if option.value in (None, '', 'None') else str(option.value)
    draft.set('log.file', 'stderr' if value == '-' else place_of(value), option.origin())


def access_format(draft, option):
    option = of_now(option)
    text, missing = log_formats.from_gunicorn(str(option.value))
    if missing:
        draft.leave_out(option, f'the access log has no {", ".join(missing)} and writes - instead')
    draft.facts['access_log_format'] = option
    draft.settings['access-format'] = Setting(text, [option.origin()])


def log_level(draft, option):
    """It has Python's names there, in any case. In a variable it stays, if it has geventd's name
    now or nothing is in it."""
    now = of_now(option)
    name = str(now.value).lower()
    level = {'critical': 'error', 'fatal': 'error', 'warn': 'warning'}.get(name, name)
    is_empty = is_open(option.value) and not now.value
    if level not in ('debug', 'info', 'warning', 'error') and not is_empty:
        return refuse_value(draft, option, 'debug, info, warning or error')
    if is_open(option.value) and now.value in ('', level):
        return draft.set('log.level', option.value, option.origin())
    return draft.set('log.level', level, now.origin())


LOGS = (
    maps('accesslog', 'log.access-file', access_log,
         'stdout or a path; log.access is the format, and off without it'),
    maps('access_log_format', 'log.access', access_format, '%(h)s becomes ${client}, and so on'),
    maps('errorlog', 'log.file', error_log, '- is stderr'),
    maps('loglevel', 'log.level', log_level),
    built_in('capture_output enable_stdio_inheritance',
             'what the application prints goes to the log'),
    maps('syslog', 'log.file', fact('syslog'), 'the value syslog, for both logs'),
    maps('syslog_addr', 'log.file', fact('syslog_addr'),
         'the value syslog is the host\'s own, which can forward what it gets'),
    maps('disable_redirect_access_to_syslog', 'log.access', fact('no-access-to-syslog'),
         'off, or log.access-file'),
    refused('syslog_prefix syslog_facility',
            'lines in the syslog are those of geventd, with the facility daemon',
            'let the syslog tell them by that name'),
    refused('logger_class logconfig logconfig_dict logconfig_json',
            'the server\'s log is not Python\'s',
            'log.format: json; for the application\'s own lines a module of app.before-load that '
            'calls logging.config, such as logging_setup.py beside the application'),
    refused('statsd_* dogstatsd_tags enable_backlog_metric', 'there are no pushers of metrics',
            'let Prometheus ask metrics.listen for /metrics'),
    refused('spew', 'no line is traced', 'geventctl stacks shows where every greenlet stands'),
)


def finish_logs(draft):
    facts = draft.facts
    to_syslog = _finish_syslog(draft)
    if to_syslog and _is_on(facts.get('no-access-to-syslog')):
        to_syslog = None
    logconfig = _finish_logconfig(draft)
    accesslog = facts.get('accesslog')
    chosen = draft.settings.pop('access-format', None)
    if accesslog is None and to_syslog is None and logconfig is None:
        draft.set('log.access', 'off', "gunicorn's default")
        return
    comments = chosen.comments if chosen else ["gunicorn's format"]
    draft.settings['log.access'] = Setting(chosen.value if chosen else 'combined', comments)
    if accesslog is None:
        comments += [to_syslog.origin()] if to_syslog else [
            f'{logconfig.name} makes gunicorn write them, also without accesslog']
    else:
        place = 'stdout' if accesslog.value == '-' else place_of(str(accesslog.value))
        set_access_file(draft, accesslog, place)


def _finish_logconfig(draft):
    """The option that configures Python's logging, if there is one. It gets the lines that do so
    for the application's own loggers."""
    found = None
    for index, left in enumerate(draft.left_out):
        if left.option.name in LOGCONFIGS:
            found = left.option
            draft.left_out[index] = dataclasses.replace(left, snippet=_logging_lines(found))
    return found


def _logging_lines(option):
    """What gunicorn does with it; a computed name may hold what is not for comments."""
    is_known = isinstance(option.value, str) and not option.note and not is_open(option.value)
    path = json.dumps(option.value) if is_known else 'PATH'
    call = {'logconfig': f'fileConfig({path}, disable_existing_loggers=False)',
            'logconfig_dict': 'dictConfig({...})  # the same dict',
            'logconfig_json': f'dictConfig(json.load(open({path})))'}[option.name]
    imports = ['import json'] if 'json' in option.name else []
    return ('# logging_setup.py', *imports, 'import logging.config', f'logging.config.{call}', '',
            '# here', 'app:', '  before-load: [logging_setup]')


def _is_on(option):
    return option is not None and str(of_now(option).value).lower() == 'true'


def _finish_syslog(draft):
    """The option that sends both logs to the host's syslog; None when none does."""
    option, address = draft.facts.get('syslog'), draft.facts.get('syslog_addr')
    if not _is_on(option):
        if address:
            draft.built_in.append((address, 'counts with syslog only'))
        return None
    name = of_now(address).value.partition('#')[0] if address else 'udp://localhost:514'
    if not LOCAL_SYSLOG.fullmatch(name):
        draft.leave_out(address, "log.file: syslog is the host's own",
                        'log.file: syslog, and let that one forward what it gets')
        return None
    file = draft.settings.get('log.file')
    if file and file.value not in ('stderr', 'stdout'):
        draft.leave_out(draft.facts['errorlog'], 'the log has one place, which is the syslog')
    draft.settings['log.file'] = Setting(
        'syslog', [each.origin() for each in (option, address) if each])
    return option
