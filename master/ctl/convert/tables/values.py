# SPDX-License-Identifier: MIT
"""Values: from the spelling of uWSGI and gunicorn to geventd's. Each of the makers returns a
take(draft, option) for a row of a table."""
import dataclasses
import os
import re

from ..cpu_formula import FORMULA

MAX_TIME = {'limits.request-time': 720 * 3600, 'workers.max-lifetime': 8760 * 3600}
DAY = 24 * 3600


def is_open(text):
    """Whether a value is known only at the start, since it holds an environment variable."""
    return isinstance(text, str) and re.search(r'(?<!\$)\$\{', text) is not None


def of_now(option):
    """The option with its variables replaced by what they are now, for values that geventd spells
    in another way."""
    if not is_open(option.value):
        return option
    value = re.sub(r'(?<!\$)\$\{(\w+)(?::-([^}]*))?\}',
                   lambda match: os.environ.get(match[1]) or match[2] or '', option.value)
    return dataclasses.replace(option, value=value, note='as the environment is now')


def is_on(value):
    """uWSGI's rule for flags: anything but these words switches them on."""
    return str(value).lower() not in ('false', 'off', 'no', '0')


def leading_number(value):
    """The number at the beginning, as C's atoi() reads it; None if there is none."""
    match = re.match(r'\s*([+-]?\d{1,18})', str(value))  # more digits say no more
    return int(match[1]) if match else None


def fit(number, least, most):
    return max(least, min(most, number))


def refuse_value(draft, option, expected, key=''):
    draft.leave_out(option, f'its value is not {expected}', f'write {key or "the key"} by hand',
                    protects=key.startswith(('limits.', 'process.')))


def number(key, least, most, plus=0):
    """An integer, moved into geventd's range."""
    def take(draft, option):
        if is_open(option.value) and not plus:
            return draft.set(key, str(option.value), option.origin())
        found = leading_number(option.value)
        if found is None:
            return refuse_value(draft, option, 'a number', key)
        fitting = fit(found + plus, least, most)
        moved = '' if fitting == found + plus else f'; geventd takes {least} to {most}'
        return draft.set(key, fitting, option.origin() + moved)
    return take


def processes(draft, option):
    """A number of worker processes, or a formula that counts the CPUs at each start."""
    text = str(option.value)
    if 'cpus' not in text:
        return number('workers.processes', 1, 500)(draft, option)
    if not is_open(text) and not FORMULA.fullmatch(text.replace(' ', '')):
        return refuse_value(draft, option, 'a number or a formula such as 2*cpus+1')
    return draft.set('workers.processes', 'auto' if text == 'cpus' else text, option.origin())


def seconds(*keys):
    """A number of seconds becomes a time."""
    def take(draft, option):
        for key in keys:
            if is_open(option.value):
                draft.set(key, f'{option.value}s', option.origin())
                continue
            found = leading_number(option.value)
            if found is None:
                return refuse_value(draft, option, 'a number of seconds', key)
            draft.set(key, f'{fit(found, 0, MAX_TIME.get(key, DAY))}s', option.origin())
        return None
    return take


def keep_alive(draft, option):
    """A number of seconds. With 0 both servers close after each answer, where 0 is no limit here:
    the shortest time is the nearest."""
    now = of_now(option)
    found = leading_number(now.value)
    if found is None or found > 0:
        return seconds('limits.keep-alive')(draft, option)
    return draft.set('limits.keep-alive', '1ms',
                     f'{now.origin()}; 0 closed connections after each answer; here it is no limit')


def size(key, unit, least=0, most=1 << 40):
    """A number of bytes (unit 'B'), of KiB or of MiB becomes a size."""
    factor = {'B': 1, 'KiB': 1 << 10, 'MiB': 1 << 20}[unit]

    def take(draft, option):
        if is_open(option.value):
            return draft.set(key, f'{option.value}{unit}', option.origin())
        found = leading_number(option.value)
        if found is None:
            return refuse_value(draft, option, 'a number', key)
        return draft.set(key, write_size(fit(found * factor, least, most)), option.origin())
    return take


def write_size(count):
    """A number of bytes with the largest unit that leaves it whole."""
    for power, unit in ((30, 'GiB'), (20, 'MiB'), (10, 'KiB')):
        if count and count % (1 << power) == 0:
            return f'{count >> power}{unit}'
    return f'{count}B' if count else '0'


def milliseconds(key):
    """A number of milliseconds becomes a time."""
    def take(draft, option):
        if is_open(option.value):
            return draft.set(key, f'{option.value}ms', option.origin())
        found = leading_number(option.value)
        if found is None:
            return refuse_value(draft, option, 'a number of milliseconds', key)
        found = fit(found, 0, DAY * 1000)
        value = f'{found}ms' if found % 1000 else f'{found // 1000}s'
        return draft.set(key, value, option.origin())
    return take


def text(key):
    def take(draft, option):
        draft.set(key, str(option.value), option.origin())
    return take


def octal(key):
    """A mode in octal digits."""
    def take(draft, option):
        if is_octal(option.value):
            return draft.set(key, octal_text(option.value), option.origin())
        return refuse_value(draft, option, 'an octal mode', key)
    return take


def is_octal(value):
    return is_open(value) or re.fullmatch('[0-7]{1,4}', str(value)) is not None


def octal_text(value):
    """At least three digits."""
    return str(value).rjust(3, '0')


def listed(key, split=''):
    """One more entry of a list; with `split` the value may hold several."""
    def take(draft, option):
        values = option.value if isinstance(option.value, (list, tuple)) else [option.value]
        pieces = [piece.strip() for value in values
                  for piece in (str(value).split(split) if split else [str(value)])]
        draft.append(key, [piece for piece in pieces if piece], option.origin())
    return take


def flag(key, act):
    """A flag: act(draft, option, whether it is on). In a variable it is what that is now. None of
    gunicorn.conf.py is no value."""
    def take(draft, option):
        if option.value is None:
            return None
        now = of_now(option)
        if is_open(option.value) and not now.value.strip():
            return draft.leave_out(option, 'its value is not true or false',
                                   f'write {key} by hand')
        return act(draft, now, is_on(now.value))
    return take


def switch(key, when_on, when_off=None):
    """A flag that means a value of the key."""
    def act(draft, option, is_set):
        value = when_on if is_set else when_off
        if value is not None:
            draft.set(key, value, option.origin())
    return flag(key, act)


def numeric_fact(name):
    """Keeps a number for the end."""
    def take(draft, option):
        if leading_number(option.value) is None and not is_open(option.value):
            return refuse_value(draft, option, 'a number')
        return fact(name)(draft, option)
    return take


def last(name):
    """Keeps the last of several options for the end; its comment tells of the others."""
    def take(draft, option):
        before = draft.facts.get(name)
        notes = [option.note, f'instead of {before.origin()}' if before else '']
        draft.facts[name] = dataclasses.replace(option, note='; '.join(filter(None, notes)))
    return take


def fact(name):
    """Keeps the option for the end, when those that belong to it are known too."""
    def take(draft, option):
        draft.facts[name] = option
    return take
