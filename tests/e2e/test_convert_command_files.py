# SPDX-License-Identifier: MIT
"""Files that hold a command line: how their lines go on, and what stands around the command."""
import pytest
from convert.read.command_files import from_dockerfile, from_procfile, from_script, from_unit


@pytest.mark.parametrize('read, text', [
    (from_script, '# old: uwsgi --http :1 \\\ngunicorn -w 2 \\\n  # why \\\n  a:b\n'),
    (from_procfile, '# web: gunicorn old:old \\\nweb: gunicorn -w 2 a:b\n'),
    (from_dockerfile, 'FROM a\n# CMD uwsgi \\\nCMD gunicorn \\\n# why \\\n  -w 2 \\\n#\n  a:b\n'),
    (from_unit, '[Service]\n; ExecStart=/bin/uwsgi \\\nExecStart=/bin/gunicorn \\\n  ; why \\\n'
                '# why\n  -w 2 a:b\n')])
def test_comments_do_not_continue_and_are_no_part_of_a_line(read, text):
    command = read(text, 'x')
    assert (command.server, command.words) == ('gunicorn', ['-w', '2', 'a:b'])
