# SPDX-License-Identifier: MIT
"""From the options that were read to a draft of the configuration, by the tables."""
from .model import BUILT_IN, MAPPED, REFUSED, Draft, not_understood
from .tables import gunicorn_table, uwsgi_table
from .tables.rows import apply, find_row
from .tables.values import is_on, leading_number

NOTHING = (None, False, '', [], {}, 'None')


def answer(found):
    """The draft for all options of `found`."""
    draft = Draft(remarks=list(found.remarks), left_out=list(found.left_out),
                  activation=found.activation)
    table = uwsgi_table if found.server == 'uwsgi' else gunicorn_table
    placeholders = uwsgi_table.placeholders_in(found.options)
    for option in ordered(found.options):
        try:
            take(draft, option, table, placeholders)
        except Exception as error:
            raise not_understood(option.origin() or option.name, error) from None
    if found.server == 'uwsgi':
        uwsgi_table.finish(draft)
    else:
        gunicorn_table.finish(draft, found.on_paas, found.variables)
    if found.patience:
        about_patience(draft, found.patience)
    return draft


def about_patience(draft, patience):
    """Says it if a server that waits for its requests would be killed before."""
    times = [str(draft.settings[f'limits.drain-{name}'].value) for name in (
        'requests', 'background')]
    known = [leading_number(time) * (60 if time.endswith('m') else 1)
             for time in times if leading_number(time) is not None]
    if patience.seconds < sum(known):
        draft.remarks.append(
            f'{patience.what}: after {patience.seconds} s a stop is cut short, though it may take '
            f'{sum(known)} s by limits.drain-requests and limits.drain-background. '
            f'{patience.instead}')


def take(draft, option, table, placeholders):
    """Lets the option's row act on the draft."""
    row = find_row(table.ROWS, option.name)
    if row is None and table is uwsgi_table:
        uwsgi_table.unknown(draft, option, placeholders)
    elif row is None:
        draft.leave_out(option, 'gunicorn has no such setting')
    elif option.depends and row.verdict in (MAPPED, REFUSED) and is_off(option, row):
        draft.leave_out(option, *why_open(option, row), protects=row.guards())
    elif row.verdict == MAPPED and is_no_value(row, option):
        draft.leave_out(option, *why_no_value(option), protects=row.guards())
    elif row.verdict in (REFUSED, BUILT_IN) and says_nothing(option, table) \
            and not option.depends:
        draft.built_in.append((option, 'is switched off'))
    else:
        apply(table.ROWS, draft, option)


def ordered(options):
    """callable comes first, since mounts need it wherever it stands."""
    return sorted(options, key=lambda option: option.name != 'callable')


def parts_without_value(option):
    """What gunicorn.conf.py gives that is neither text, number nor switch, as the reader names it.
    Of lists their members count."""
    values = option.value if isinstance(option.value, list) else [option.value]
    return [value for value in values if isinstance(value, dict)]


def is_no_value(row, option):
    """A function is one for hooks, and a class for worker_class."""
    takes_functions = row.key.startswith('hooks.') or option.name == 'worker_class'
    return any('hook' not in part or not takes_functions for part in parts_without_value(option))


def why_no_value(option):
    """The reason, and what to do."""
    missing = [part['missing'] for part in parts_without_value(option) if 'missing' in part]
    if missing:
        return (f'its value comes from {missing[0]}, which is not installed here',
                "name the application's Python with --python")
    return 'its value is neither a text nor a number', 'write the key by hand'


def is_off(option, row):
    """Whether the value says nothing, because variables are not set while converting."""
    return option.value is None or (row.verdict == REFUSED and option.value in NOTHING)


def why_open(option, row):
    """The reason, and what to do."""
    are = 'is' if len(option.depends) == 1 else 'are'
    because = f'it depends on {", ".join(option.depends)}, which {are} not set here'
    if row.verdict == REFUSED:
        return f'{because}, and {row.text}', row.instead
    return because, f'set that while converting, or write {row.key or option.name} by hand'


def says_nothing(option, table):
    """Whether the option only repeats that something is off."""
    if table is gunicorn_table:
        return option.value in NOTHING
    return not is_on(option.value) and str(option.value) != '0'
