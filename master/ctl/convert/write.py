# SPDX-License-Identifier: MIT
"""The draft as YAML, with a comment beside or above each key."""
import json
import re
import textwrap

from .spelling import one_line, spelled_out

WIDTH = 100
ORDER = {
    'app': 'module mounts chdir virtualenv python-path environment preload monkey-patch '
           'before-load reload-on-change',
    'static': '',
    'workers': 'processes cores cheaper max-requests max-requests-jitter max-lifetime '
               'reload-on-rss',
    'limits': 'request-head request-body request-time kill-blocked-hub header-timeout '
              'body-timeout body-rate keep-alive write-timeout drain-requests drain-background '
              'websocket-message websocket-ping websocket-pong',
    'on-disconnect': '', 'log': 'level file access access-file access-when.status '
                                'access-when.slower',
    'process': 'user group umask pidfile daemonize', 'timers': '', 'monitors': '',
    'hooks': 'post-fork worker-exit drain-begins worker-died', 'signals': 'locks',
    'reload': 'strategy touch', 'metrics': 'uwsgi-stats',
}
# What YAML or geventd would not read as this text when it stands without quotes.
PLAIN = re.compile(r'[A-Za-z0-9_./$+][A-Za-z0-9_./$@%+*:{}()=-]*\Z')
OTHER_TYPE = re.compile(r'(?i)(true|false|yes|no|on|off|y|n|null|~|[-+]?[0-9]+\.|[0-9]+(:[0-9]+)+|'
                        r'0x[0-9a-f_]+|[-+]?(0o)?[0-9_]*\.?[0-9_]+(e[-+]?[0-9]+)?)\Z')
NUMBERS = ('workers.', 'listen.backlog', 'signals.')  # ${NAME} must stand without quotes there


def write(draft, source, server):
    """The text of the whole file."""
    parts = [header(source, server), remarks(draft), body(draft), built_in(draft),
             left_out(draft)]
    return '\n'.join(part for part in parts if part)


def header(source, server):
    name = {'uwsgi': 'uWSGI', 'gunicorn': 'gunicorn'}[server]
    return comment(f"Made by `geventctl convert` from {name}'s options in {source}. Each comment "
                   'is the line that a key comes from. Check it with `geventd -c FILE --check`.')


def remarks(draft):
    return ''.join(comment(text) for text in draft.remarks)


def comment(text, indent=''):
    """A paragraph of comment lines."""
    return ''.join(f'{line}\n' for line in textwrap.wrap(
        one_line(text), WIDTH, initial_indent=f'{indent}# ',
        subsequent_indent=f'{indent}# ', break_on_hyphens=False, break_long_words=False))


def body(draft):
    text, left = listen(draft.listeners), dict(draft.settings)
    for section, names in ORDER.items():
        keys = [f'{section}.{name}' for name in names.split()] if names else [section]
        entries = [(key.partition('.')[2], left.pop(key)) for key in keys if key in left]
        text += write_section(section, entries) if entries else ''
    if left:
        raise LookupError(f'ORDER has no place for {", ".join(left)}')
    return text


def write_section(section, entries):
    if entries[0][0] == '':  # a key at the top
        return key_lines(section, entries[0][1], '', section)
    text, group = f'{section}:\n', ''
    for name, setting in entries:
        before, (group, _, last) = group, name.rpartition('.')
        if group != before:
            text += f'  {group}:\n'
        text += key_lines(last, setting, '    ' if group else '  ', f'{section}.{name}')
    return text


def listen(listeners):
    text = 'listen:\n' if listeners else ''
    for entry in listeners:
        first = f'  - address: {scalar(entry.address)}'
        text += with_comments(first, entry.comments, '  ')
        for name, setting in entry.keys.items():
            text += key_lines(name, setting, '    ', f'listen.{name}')
    return text


def key_lines(name, setting, indent, key):
    """A key with its comments: beside it when they fit, else above."""
    value = setting.value
    if isinstance(value, list) and not any(isinstance(item, dict) for item in value):
        value = '[' + ', '.join(flow(item) for item in value) + ']'
    elif isinstance(value, (list, dict)):
        return f'{indent}{name}:\n' + nested(value, setting.comments, indent + '  ')
    else:
        value = scalar(value, key)
    return with_comments(f'{indent}{name}: {value}', setting.comments, indent)


def with_comments(line, comments, indent):
    text = '; '.join(dict.fromkeys(one_line(part) for part in comments if part))
    beside = f'{line}  # {text}'
    if not text or len(beside) <= WIDTH:
        return (beside if text else line) + '\n'
    return above(comments, indent) + line + '\n'


def above(comments, indent):
    return ''.join(comment(text, indent) for text in dict.fromkeys(comments) if text)


def nested(value, comments, indent):
    """A map of texts, or a list of maps; each entry with its comment."""
    if isinstance(value, dict):
        lines = [[f'{indent}{scalar(name)}: {quoted(text)}'] for name, text in value.items()]
    else:
        lines = [[f'{indent}{"- " if index == 0 else "  "}{name}: {scalar(member)}'
                  for index, (name, member) in enumerate(entry.items())] for entry in value]
    each = comments if len(comments) == len(lines) else [''] * len(lines)
    text = '' if len(comments) == len(lines) else above(comments, indent)
    for entry, said in zip(lines, each):
        text += with_comments(entry[0], [said], indent) + ''.join(
            f'{line}\n' for line in entry[1:])
    return text


def scalar(value, key=''):
    """One value; texts that YAML could take for something else get quotes."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int):
        return str(value)
    is_number = key.startswith(NUMBERS) and value.startswith('${')
    plain = PLAIN.match(value) and not value.endswith(':')
    is_word = key == 'log.access' and value == 'off'
    return value if is_number or is_word or (plain and not OTHER_TYPE.match(value)) else (
        quoted(value))


def flow(value):
    """An item of a list in brackets: braces and commas need quotes there."""
    text = scalar(value)
    return quoted(value) if re.search(r'[{},\[\]]|^:|:$', text) and text[0] != '"' else text


def quoted(value):
    """Bytes that are no UTF-8 stay as they are: the check tells where."""
    return spelled_out(json.dumps(str(value), ensure_ascii=False), keeps_bytes=True)


def built_in(draft):
    if not draft.built_in:
        return ''
    text = '# Needed no more, since geventd does it by itself or has nothing like it:\n#\n'
    by_reason = {}
    for option, why in draft.built_in:
        by_reason.setdefault(why, []).append(option)
    for why, options in by_reason.items():
        names = ', '.join(dict.fromkeys(one_line(option.line) for option in options))
        text += bullet(f'{names}: {why}')
    return text


def left_out(draft):
    """What was not taken over, why, and what to do instead; what protects comes first."""
    if not draft.left_out:
        return '# Everything was taken over.\n'
    text = '# Not taken over:\n#\n'
    entries = {}
    for left in draft.left_out:
        entries.setdefault(left.entry(), []).append(left.option.origin())
    for (is_harmless, because, instead, snippet), origins in sorted(
            entries.items(), key=lambda entry: entry[0][0]):
        warning = '' if is_harmless else 'THIS PROTECTS: '
        instead = f'; do this instead: {instead}' if instead else ''
        text += bullet(f'{warning}{"; ".join(origins)}, because {because}{instead}.')
        text += pasted(snippet)
    return text


def pasted(lines):
    """Lines of a program or of YAML, as they are."""
    texts = [f'#       {spelled_out(line.expandtabs(4))}'.rstrip() for line in lines]
    return ''.join(f'{line}\n' for line in ['#', *texts, '#'] if texts)


def bullet(text):
    return '\n'.join(textwrap.wrap(
        one_line(text), WIDTH, initial_indent='# - ', subsequent_indent='#   ',
        break_on_hyphens=False, break_long_words=False)) + '\n'
