# SPDX-License-Identifier: MIT
"""uWSGI's options of logs: their rows, what they do, and what they decide together."""
import re

from ..model import Setting
from . import log_formats
from .log_places import place_of, set_access_file
from .rows import built_in, maps, refused
from .values import fact, flag, is_on, leading_number, milliseconds, of_now, refuse_value

STATUS = 'log.access-when.status'
NO_SUCH_LOGGER = 'write to stderr or a file, from which a log shipper takes it'


def log_file(draft, option):
    """The file of the log; a bare flag of the master's log names none."""
    value = str(option.value)
    if not value:
        return refuse_value(draft, option, 'the path of a file')
    if re.fullmatch(r'(\d+\.){3}\d+:\d+', value):
        return draft.leave_out(option, 'the log goes to no UDP address',
                               'log.file: syslog or journald, which can send it')
    return draft.set('log.file', place_of(value), option.origin())


def place_in(value):
    """The place of [NAME] PLUGIN:ARGUMENT; '' for a plugin that has none here."""
    plugin, _, argument = value.split(' ')[-1].partition(':')
    if plugin == 'file':
        return place_of(argument)
    if plugin == 'fd':
        return {'1': 'stdout', '2': 'stderr'}.get(argument, '')
    return {'stdio': 'stdout', 'systemd': 'journald', 'syslog': 'syslog'}.get(plugin, '')


def logger(draft, option):
    place = place_in(str(option.value))
    if not place:
        return draft.leave_out(option, 'the log has no such plugin', NO_SUCH_LOGGER)
    return draft.set('log.file', place, option.origin())


def syslog(draft, option):
    draft.set('log.file', 'syslog', option.origin())


def access_log(draft, option):
    """log-format: %(name) becomes ${name}."""
    option = of_now(option)
    if '%(' not in str(option.value):
        return draft.leave_out(option, 'the format has no variable', 'write log.access by hand')
    return fact('log-format')(draft, option)


def switched_on(name, key='log.access'):
    """Keeps an option that is switched on for the end."""
    def act(draft, option, is_set):
        if is_set:
            draft.facts[name] = option
    return flag(key, act)


def slow(draft, option):
    """log-slow, in milliseconds; 0 is off."""
    if leading_number(option.value) != 0:
        draft.facts['log-slow'] = option


LOGS = (
    maps('logto logto2', 'log.file', log_file),
    maps('logger worker-logger', 'log.file', logger, 'stdout, syslog, journald or a path'),
    maps('log-syslog', 'log.file', syslog, 'the value syslog'),
    maps('req-logger logger-req worker-logger-req', 'log.access-file', fact('req-logger'),
         'stdout or a path'),
    maps('log-format logformat', 'log.access', access_log, '%(name) becomes ${name}'),
    maps('disable-logging', 'log.access', switched_on('disable-logging'), 'off'),
    maps('log-4xx', STATUS, switched_on('log-4xx', STATUS), '[4xx]'),
    maps('log-5xx', STATUS, switched_on('log-5xx', STATUS), '[5xx]'),
    maps('log-slow', 'log.access-when.slower', slow, 'a time such as 2s'),
    refused('log-zero log-big log-sendfile log-ioerror',
            'log.access-when knows statuses and durations',
            'a format with ${size} or ${ioerr}, filtered by whoever reads it'),
    maps('log-date logdate', 'log.access', fact('log-date'),
         'lines of the log have times; in this format ${strftime.FORMAT} is the request\'s'),
    maps('logformat-strftime log-format-strftime', 'log.access', switched_on('strftime'),
         '%(ftime) becomes ${strftime.FORMAT}'),
    maps('log-micros', 'log.access', switched_on('log-micros'), 'a format with ${micros}'),
    built_in('log-master* threaded-logger log-buffering log-truncate log-backupname log-maxsize '
             'log-prefix log-master-bufsize logger-list loggers-list',
             'every process writes whole lines itself; let logrotate move the file'),
    refused('log-socket log-zeromq log-encoder log-req-encoder worker-log-encoder '
            'worker-log-req-encoder log-drain log-filter log-route log-req-route rsyslog* '
            'alarm* segfault-alarm lq-alarm backlog-alarm listen-queue-alarm log-alarm '
            'not-log-alarm not-alarm-log alarms-list alarm-list',
            'the log is one stream of lines', 'log.format: json, and a log shipper that filters; '
            'log.file: syslog or journald, which can send it'),
    refused('logfile-chown logfile-chmod', 'the log file keeps its owner and mode',
            'create it beforehand'),
)


def finish_logs(draft):
    facts = draft.facts
    off = facts.get('disable-logging')
    wanted = [facts[name] for name in ('log-4xx', 'log-5xx', 'log-slow') if name in facts]
    setting = _format(draft)
    if off and not wanted:
        draft.settings['log.access'] = Setting('off', [off.origin()])
        return
    draft.settings['log.access'] = setting
    if off:
        setting.comments[:] = [off.origin()] + (setting.comments if 'log-format' in facts else [])
    for option in wanted:
        if not off:
            draft.built_in.append((option, 'every request has a line in the access log'))
        elif option.name == 'log-slow':
            milliseconds('log.access-when.slower')(draft, option)
        else:
            draft.append(STATUS, [option.name[len('log-'):]], option.origin())
    if 'req-logger' in facts:
        _finish_access_file(draft, facts['req-logger'])


def _format(draft):
    """The Setting of log.access."""
    facts = draft.facts
    chosen = facts.get('log-format')
    time = _format_of_time(draft, chosen)
    if chosen:
        text, missing = log_formats.from_uwsgi(str(chosen.value), time)
        if missing:
            draft.leave_out(
                chosen, f'the access log has no {", ".join(missing)} and writes - instead')
    else:
        text = log_formats.uwsgis_line('log-micros' in facts)
    comments = [chosen.origin() if chosen else 'uWSGI writes a line for each request']
    if chosen and '${strftime.' in text:
        comments.append(facts['log-date'].origin())
    elif 'log-micros' in facts and not chosen:
        comments.append(facts['log-micros'].origin())
    forwarded = facts.get('log-x-forwarded-for')
    if forwarded and is_on(of_now(forwarded).value) and '${addr}' in log_formats.spelled_out(text):
        text = log_formats.spelled_out(text).replace('${addr}', '${client}')
        comments.append(forwarded.origin())
    return Setting(text, comments)


def _format_of_time(draft, chosen):
    """The variable for %(ftime): log-date's format counts with logformat-strftime only."""
    date = draft.facts.get('log-date')
    format_ = str(date.value) if date else ''
    counts = 'strftime' in draft.facts and '%' in format_ and '}' not in format_
    if date and not (counts and chosen and '%(ftime)' in str(chosen.value)):
        draft.built_in.append((date, 'each line of the log has its time'))
    return f'${{strftime.{format_}}}' if counts else '${ltime}'


def _finish_access_file(draft, option):
    place = place_in(str(option.value))
    if not place:
        return draft.leave_out(option, 'the access log has no such plugin', NO_SUCH_LOGGER)
    return set_access_file(draft, option, place)
