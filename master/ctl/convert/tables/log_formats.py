# SPDX-License-Identifier: MIT
"""Access log formats: %(name) of uWSGI and %(x)s of gunicorn become ${name}."""
import re

# uWSGI's own, which have the same names here; any other is a variable of the application there.
KNOWN = set('''addr cl core ctime epoch headers host hsize ioerr ltime method micros modifier1
    modifier2 msecs pid pktsize proto referer rerr rsize rss rssM secs size status switches time
    tmicros tmsecs uagent uri user vars vsz vszM werr wid'''.split())
# What geventd's preset `uwsgi` stands for.
UWSGI = ('[pid: ${pid}|app: ${app}|req: ${req}/${allreq}] ${addr} (${user}) {${vars} vars in '
         '${pktsize} bytes} [${ctime}] ${method} ${uri} => generated ${rsize} bytes in ${msecs} '
         'msecs (${proto} ${status}) ${headers} headers in ${hsize} bytes (${switches} switches on '
         'core ${core})')

GUNICORN = {
    'h': '${client}', 'l': '-', 'u': '${user}', 't': '[${ltime}]', 'r': '${method} ${uri} ${proto}',
    'm': '${method}', 'U': '${path}', 'q': '${query}', 'H': '${proto}', 's': '${status}',
    'st': '${status}', 'B': '${rsize}', 'b': '${rsize}', 'f': '${referer}', 'a': '${uagent}',
    'T': '${secs}', 'D': '${micros}', 'M': '${msecs}', 'L': '${secs}', 'p': '${pid}',
}
COMMON = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s'
COMBINED = COMMON + ' "%(f)s" "%(a)s"'


def variable_of(header):
    """The name of a header in the environ."""
    name = header.upper().replace('-', '_')
    return name if name in ('CONTENT_TYPE', 'CONTENT_LENGTH') else f'HTTP_{name}'


def from_gunicorn(text):
    """(geventd's format, the names that it has no variable for)"""
    presets = {COMMON: 'common', COMBINED: 'combined'}
    if text in presets:
        return presets[text], []
    missing = []

    def replace(match):
        name = match[1]
        if name.startswith('{') and name.endswith('}i'):
            found = f'${{var.{variable_of(name[1:-2])}}}'
        elif name.startswith('{') and name.endswith('}e'):
            inner = name[1:-2]  # gunicorn compares without regard to case
            found = f'${{var.{inner if "." in inner else inner.upper()}}}'
        else:
            found = GUNICORN.get(name)
        if found is None:
            missing.append(f'%({name})s')
        return found or '-'

    plain = re.sub(r'%\(([^)]*)\)[-+ #0-9.]*[sdfr]', replace, text.replace('$${', '{'))
    return plain.replace('%%', '%'), missing


def uwsgis_line(in_micros):
    """Its own line, with the duration in milliseconds or as log-micros has it."""
    return UWSGI.replace('${msecs} msecs', '${micros} micros') if in_micros else 'uwsgi'


def spelled_out(text):
    return UWSGI if text == 'uwsgi' else text


def from_uwsgi(text, time='${ltime}'):
    """(geventd's format, the names that it has no variable for); `time` stands for %(ftime)."""
    missing = []

    def replace(match):
        name = match[1]
        if name == 'ftime':
            return time
        if name in KNOWN:
            return f'${{{name}}}'
        if name.startswith('var.'):
            return f'${{{name}}}'
        if not name.startswith('metric.'):
            return f'${{logvar.{name}}}'  # what the application has set with set_logvar()
        missing.append(f'%({name})')
        return '-'

    return re.sub(r'%\(([^)]*)\)', replace, text.replace('$${', '{')), missing
