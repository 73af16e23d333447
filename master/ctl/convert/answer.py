# SPDX-License-Identifier: MIT
"""From the options that were read to a draft of the configuration, by the tables."""
from .model import BUILT_IN, REFUSED, Draft
from .tables import gunicorn_table, uwsgi_table
from .tables.rows import apply, find_row
from .tables.values import is_on

NOTHING = (None, False, '', [], {}, 'None')


def answer(found):
    """The draft for all options of `found`."""
    draft = Draft(remarks=list(found.remarks))
    table = uwsgi_table if found.server == 'uwsgi' else gunicorn_table
    placeholders = uwsgi_table.placeholders_in(found.options)
    for option in ordered(found.options):
        row = find_row(table.ROWS, option.name)
        if row is None and found.server == 'uwsgi':
            uwsgi_table.unknown(draft, option, placeholders)
        elif row is None:
            draft.leave_out(option, 'gunicorn has no such setting')
        elif isinstance(option.value, dict) and 'missing' in option.value:
            draft.leave_out(option, f'its value comes from {option.value["missing"]}, which is not '
                            'installed here', "name the application's Python with --python")
        elif row.verdict in (REFUSED, BUILT_IN) and says_nothing(option, found.server):
            draft.built_in.append((option, 'is switched off'))
        else:
            apply(table.ROWS, draft, option)
    if found.server == 'uwsgi':
        uwsgi_table.finish(draft)
    else:
        gunicorn_table.finish(draft, found.on_paas)
    return draft


def ordered(options):
    """callable comes first, since mounts need it wherever it stands."""
    return sorted(options, key=lambda option: option.name != 'callable')


def says_nothing(option, server):
    """Whether the option only repeats that something is off."""
    if server == 'gunicorn':
        return option.value in NOTHING
    return not is_on(option.value) and str(option.value) != '0'
