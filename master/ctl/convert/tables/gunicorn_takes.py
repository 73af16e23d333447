# SPDX-License-Identifier: MIT
"""What gunicorn's settings do to the draft where a plain key and value do not suffice."""
import ast
import dataclasses
import ipaddress
import re

from .addresses import gunicorn_address, listen_at
from .values import fact, is_open, leading_number, of_now, refuse_value

HEAD_LIMITS = {'limit_request_line': 4094, 'limit_request_fields': 100,
               'limit_request_field_size': 8190}
FACTORY = re.compile(r'(?P<module>[^:]+):(?P<name>[\w.]+)\((?P<arguments>.*)\)\Z')


def pieces(value):
    """The members of a list, or of a text with commas between them."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [piece.strip() for entry in values for piece in str(entry).split(',') if piece.strip()]


def bind(draft, option):
    draft.facts['bind'] = option
    for address in pieces(option.value):
        listen_at(draft, 'http', gunicorn_address(address), option)


def worker_class(draft, option):
    """Every worker runs gevent; what was not gevent's may need more than a conversion."""
    option = of_now(option)
    name = option.value['hook'] if isinstance(option.value, dict) else str(option.value)
    if 'uvicorn' in name.lower() or name == 'asgi':
        return draft.leave_out(option, 'geventd serves WSGI applications, not ASGI',
                               'keep an ASGI server for this application')
    if 'gevent' not in name.lower():
        draft.facts['other-class'] = option
        return draft.remarks.append(
            f'The workers were of the class {name}, not gevent. The application must be fit for '
            'gevent: see docs/databases.md for drivers that block.')
    return draft.built_in.append((option, 'every worker runs gevent'))


def application(draft, option):
    """module, module:name, or a factory with or without arguments, which must be literals."""
    value = str(option.value)
    factory = FACTORY.match(value)
    if factory and not is_literal_call(factory['arguments']):
        return draft.leave_out(option, 'its arguments are not literals',
                               'call the factory in a module of its own')
    is_whole = ':' in value or is_open(value)
    return draft.set('app.module', value if is_whole else f'{value}:application',
                     option.origin())


def is_literal_call(arguments):
    try:
        call = ast.parse(f'f({arguments})', mode='eval').body
        for node in call.args + [keyword.value for keyword in call.keywords]:
            ast.literal_eval(node)
        return all(keyword.arg for keyword in call.keywords)
    except (SyntaxError, ValueError):
        return False


def paste(draft, option):
    """FILE or FILE#NAME"""
    draft.set('app.module', f'paste:{str(option.value).replace("config:", "", 1)}',
              option.origin())


def environment(draft, option):
    """NAME=value; gunicorn itself takes SCRIPT_NAME as the prefix of all paths."""
    values = option.value if isinstance(option.value, (list, tuple)) else [option.value]
    for entry in values:
        name, _, value = str(entry).partition('=')
        if name.strip() == 'SCRIPT_NAME' and re.fullmatch('(/[^/]+)+', value):
            draft.facts['SCRIPT_NAME'] = dataclasses.replace(option, value=value)
        else:
            draft.put('app.environment', name.strip(), value, option.origin())


def head_limit(draft, option):
    """Three limits there are one here: their sum for a head of the most fields."""
    option = of_now(option)
    if leading_number(option.value) is None:
        return refuse_value(draft, option, 'a number')
    return fact(option.name)(draft, option)


def request_head(facts):
    """(size in bytes, comments) from the three limits; 0 was without a limit there."""
    values = {name: leading_number(facts[name].value) if name in facts else most
              for name, most in HEAD_LIMITS.items()}
    unlimited = not values['limit_request_line'] or not values['limit_request_field_size']
    total = values['limit_request_line'] + (
        values['limit_request_fields'] * values['limit_request_field_size'])
    comments = [facts[name].origin() for name in HEAD_LIMITS if name in facts]
    return 16 << 20 if unlimited else min(max(total, 1024), 16 << 20), comments


def mask_of(value):
    """gunicorn's umask: a number, or a text that is octal when it begins with 0."""
    if isinstance(value, int):
        return value
    text = str(value).lower()
    return int(text, 0) if text[:2] in ('0o', '0x') else int(text, 8 if text[:1] == '0' else 10)


def umask(draft, option):
    option = of_now(option)
    try:
        if 0 <= mask_of(option.value) <= 0o777:
            return fact('umask')(draft, option)
    except ValueError:
        pass
    return refuse_value(draft, option, 'a mode', 'process.umask')


def proxies(draft, option):
    """Addresses and networks that are believed; * is everybody."""
    option = of_now(option)
    for name in pieces(option.value):
        try:
            if name != '*':
                ipaddress.ip_network(name, strict=False)
        except ValueError:
            return draft.leave_out(option, f'{name} is no address', 'write listen.trusted-proxies',
                                   protects=True)
    return fact(option.name)(draft, option)


def reload_files(draft, option):
    draft.append('reload.touch', pieces(option.value), option.origin())


def user(key):
    """A user or group by name or number; root needs no key."""
    def take(draft, option):
        if option.value not in (None, '', 0, '0', 'root'):
            draft.set(key, str(option.value), option.origin())
    return take
