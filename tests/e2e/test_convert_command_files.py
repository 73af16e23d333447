# SPDX-License-Identifier: MIT
"""Files that hold a command line: how their lines go on, and what stands around the command."""
import pytest
from convert.model import Unreadable
from convert.read.command_files import from_dockerfile, from_procfile, from_script, from_unit
from convert.read.supervisord import from_supervisord

from harness.conversions import convert


@pytest.mark.parametrize('read, text', [
    (from_script, '# old: uwsgi --http :1 \\\ngunicorn -w 2 \\\n  # why \\\n  a:b\n'),
    (from_procfile, '# web: gunicorn old:old \\\nweb: gunicorn -w 2 a:b\n'),
    (from_dockerfile, 'FROM a\n# CMD uwsgi \\\nCMD gunicorn \\\n# why \\\n  -w 2 \\\n#\n  a:b\n'),
    (from_unit, '[Service]\n; ExecStart=/bin/uwsgi \\\nExecStart=/bin/gunicorn \\\n  ; why \\\n'
                '# why\n  -w 2 a:b\n')])
def test_comments_do_not_continue_and_are_no_part_of_a_line(read, text):
    command = read(text, 'x')
    assert (command.server, command.words) == ('gunicorn', ['-w', '2', 'a:b'])


# --- Dockerfiles ---------------------------------------------------------------------------------

BASE = ('FROM python AS Base\nENV A=1 B=2\nWORKDIR /srv\nSTOPSIGNAL SIGQUIT\n'
        'CMD ["gunicorn", "old:app"]\n')


def test_an_earlier_stage_leaks_nothing_into_an_image():
    command = from_dockerfile(f'{BASE}FROM python\nENV C=3\nCMD ["gunicorn", "a:b"]\n', 'x')
    assert (command.words, command.surrounding) == (['a:b'], {'C': '3'})
    assert not any('STOPSIGNAL' in remark for remark in command.remarks)


@pytest.mark.parametrize('name', ['base', '--platform=linux/amd64 BASE AS last', '${FIRST}'])
def test_a_stage_inherits_from_a_named_one(folder, name):
    (folder / 'conf.py').write_text('workers = 3\n')
    (folder / 'Dockerfile').write_text(
        f'ARG FIRST=base\n{BASE}FROM other\nENV A=0\nFROM {name}\nWORKDIR app\nENV B=$A-$B\n'
        'CMD ["gunicorn", "-c", "/srv/app/conf.py", "a:b"]\n')
    command = from_dockerfile((folder / 'Dockerfile').read_text(), f'{folder}/Dockerfile')
    assert command.surrounding == {'A': '1', 'B': '1-2'}
    assert any('STOPSIGNAL SIGQUIT' in remark for remark in command.remarks)
    assert command.places.find('/srv/app/conf.py') == f'{folder}/conf.py'


@pytest.mark.parametrize('text, words', [
    ('ENTRYPOINT ["gunicorn", "a:b"]', ['a:b']), ('ENTRYPOINT ["gunicorn"]\nCMD ["a:b"]', ['a:b']),
    ('CMD ["a:b"]\nENTRYPOINT ["gunicorn"]', ['a:b']), ('', ['old:app']),
    ('CMD -w 2\nENTRYPOINT gunicorn a:b', ['a:b'])])
def test_an_entrypoint_resets_an_inherited_cmd(text, words):
    assert from_dockerfile(f'{BASE}FROM base\n{text}\n', 'x').words == words


def test_arguments_and_variables_of_an_image_are_put_in():
    command = from_dockerfile(
        'ARG ROOT=/srv\nFROM a\nARG ROOT\nARG NAME=shop\nENV HOME_OF=$ROOT/${NAME} '
        'MODE=${MODE:-web}\nWORKDIR $HOME_OF\nCMD gunicorn a:b\n', 'x')
    assert command.surrounding == {'HOME_OF': '/srv/shop', 'MODE': 'web'}


def test_a_shell_of_the_exec_form_puts_variables_in():
    command = from_dockerfile('FROM a\nCMD ["sh", "-c", "gunicorn -b :${PORT} -w $N a:b"]\n', 'x')
    assert command.words == ['-b', ':${PORT}', '-w', '${N}', 'a:b']


# --- other programs' files -----------------------------------------------------------------------

PROGRAMS = '''[supervisord]
nodaemon=true

[program:celery]
command=/srv/bin/celery worker

[program:web]
environment=A="1,2",B='x y',PORT=5000 ; why
directory=/srv/shop ; where
user=www
stopsignal=QUIT
command=/srv/bin/gunicorn -b :%(ENV_WEB_PORT)s
    -c %(here)s/conf.py --access-logfile - --access-logformat "%%(h)s ${x}" shop:app

[program:admin]
command=bash -c "uwsgi --http :$PORT"
'''


@pytest.mark.parametrize('name', ['supervisord.conf', 'web.ini'])
def test_programs_of_supervisord(folder, name):
    (folder / 'conf.py').write_text('workers = 7\n')
    (folder / name).write_text(PROGRAMS)
    done = convert(name, folder=folder)
    said = ' '.join(done.stdout.replace('\n#', ' ').split())
    assert done.returncode == 0
    for text in ('http://0.0.0.0:${WEB_PORT}', 'processes: 7', 'module: shop:app',
                 f'chdir: /srv/shop # directory=/srv/shop ({name})', 'access-logformat %(h)s $${x}',
                 f'-b :${{WEB_PORT}} ({name}:12)', 'in [program:web]: user=www.',
                 'not read: [program:admin].', 'In [program:web] write command=GEVENTD -c FILE',
                 'Leave stopsignal=QUIT out'):
        assert text in said
    assert from_supervisord(PROGRAMS, name).surrounding == {'A': '1,2', 'B': 'x y', 'PORT': '5000'}


def test_a_file_of_uwsgis_stays_one(folder):
    (folder / 'a.ini').write_text('[uwsgi]\nhttp = :1\nmodule = m\n' + PROGRAMS)
    assert 'address: http://0.0.0.0:1' in convert('a.ini', folder=folder).stdout


def test_supervisord_without_a_server_is_refused():
    with pytest.raises(Unreadable, match='starts neither uWSGI nor gunicorn'):
        from_supervisord('[program:x]\ncommand=nginx\n', 'x')


def test_a_compose_file_is_answered(folder):
    (folder / 'compose.yaml').write_text('services:\n  web:\n    command: gunicorn a:b\n')
    done = convert('compose.yaml', folder=folder)
    assert (done.returncode, done.stdout) == (2, '')
    assert 'is a compose file: convert the command line of the service after --' in done.stderr


@pytest.mark.parametrize('text, written', [
    ('import os\nworkers = 7\n', 'processes: 7'), ('bind = ":81"', 'http://0.0.0.0:81'),
    ('gunicorn -w 7 a:b', 'processes: 7')])
def test_gunicorns_file_may_have_any_name(folder, text, written):
    (folder / 'gunicorn_config').write_text(text)
    assert written in convert('gunicorn_config', folder=folder).stdout


@pytest.mark.parametrize('copy', ['', 'COPY --chown=a:a ./deploy/start.sh /start\n',
                                  'WORKDIR /\nADD deploy/start.sh start\n'])
def test_an_image_starts_by_the_script_that_starts_a_server(folder, copy):
    (folder / 'deploy').mkdir()
    (folder / 'entrypoint').write_text('wait-for db\nexec "$@"\n')
    (folder / ('deploy/start.sh' if copy else 'start')).write_text('exec gunicorn -w 2 a:b\n')
    command = from_dockerfile(f'FROM a\n{copy}ENTRYPOINT ["/entrypoint"]\nCMD ["/start"]\n',
                              f'{folder}/Dockerfile')
    assert command.words == ['-w', '2', 'a:b']


# --- units ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('name, words', [
    ('shop@blue.service', ['-b', 'unix:/run/shop/blue.sock', 'a:b', '-n', '100%']),
    ('shop@.service', ['-b', 'unix:/run/shop/%i.sock', 'a:b', '-n', '100%'])])
def test_specifiers_of_a_unit_are_put_in(name, words):
    command = from_unit('[Service]\nWorkingDirectory=%S/%p\n'
                        'ExecStart=/bin/gunicorn -b unix:%t/%p/%i.sock a:b -n 100%%\n', name)
    assert (command.words, command.chdir) == (words, '/var/lib/shop')


# --- what stands beside a server in one line -----------------------------------------------------

MIGRATE, CELERY = 'python manage.py migrate', 'celery -A x worker'


@pytest.mark.parametrize('name, text', [
    ('Dockerfile', f'FROM a\nCMD {MIGRATE} && {CELERY} --detach && gunicorn a:b\n'),
    ('Dockerfile', f'FROM a\nCMD ["sh", "-c", "{MIGRATE} && exec gunicorn a:b & {CELERY}"]\n'),
    ('Procfile', f'web: {MIGRATE}; gunicorn a:b & {CELERY}\n'),
    ('a.service', f"[Service]\nExecStart=/bin/sh -c '{CELERY} & {MIGRATE} && gunicorn a:b'\n"),
    ('run.sh', f'exec sh -c "{MIGRATE} && {CELERY} & gunicorn a:b"\n'),
    ('a.ini', f'[program:x]\ncommand=bash -c "{MIGRATE}; {CELERY} & gunicorn a:b"\n')])
def test_programs_beside_the_server_are_told(folder, name, text):
    (folder / name).write_text(text)
    done = convert(name, folder=folder)
    assert done.returncode == 0 and 'module: a:b' in done.stdout
    told = done.stderr.splitlines()[-1]
    assert told.startswith('geventctl convert: nothing runs this any more: ')
    assert MIGRATE in told and CELERY in told
    left = done.stdout.partition('# Not taken over:')[2]
    assert MIGRATE in left and CELERY in left and 'docs/migrating-beside.md' in left


def test_programs_on_other_lines_of_a_script_stay_there(folder):
    (folder / 'run.sh').write_text(f'set -e\n{MIGRATE}\n{CELERY} &\nexec gunicorn a:b\n')
    assert convert('run.sh', folder=folder).stderr == ''


def test_folders_and_variables_of_the_line_count_for_the_server(folder):
    (folder / 'src').mkdir()
    (folder / 'src/conf.py').write_text('workers = 7\n')
    (folder / 'Procfile').write_text('web: cd src && . env/bin/activate && N=3 && export A=1 && '
                                     'gunicorn -c conf.py -t $N a:b | tee log\n')
    said = convert('Procfile', folder=folder)
    for text in ('processes: 7', 'chdir: src  # cd src (Procfile:1)', 'A: "1"', 'blocked-hub: 3s',
                 'write app.virtualenv: env.', 'ends with `| tee log`'):
        assert text in said.stdout
    assert said.stderr == ''


def test_a_folder_of_the_line_counts_from_that_of_the_unit():
    command = from_unit('[Service]\nWorkingDirectory=/srv\n'
                        'ExecStart=/bin/sh -c "cd src && gunicorn a:b"\n', 'x.service')
    assert command.chdir == '/srv/src'


def test_the_script_of_an_image_goes_on_being_its_start(folder):
    (folder / 'run.sh').write_text(f'{MIGRATE}\nexec gunicorn a:b\n')
    command = from_dockerfile('FROM a\nCMD /run.sh\n', f'{folder}/Dockerfile')
    assert 'In run.sh write `exec geventd -c FILE`.' in command.remarks
    assert not any('CMD' in remark for remark in command.remarks)


# --- files that an image has been given ----------------------------------------------------------

@pytest.mark.parametrize('lies, text, path', [
    ('docker/g.py', 'COPY docker/g.py /etc/g/conf.py', '/etc/g/conf.py'),
    ('docker/g.py', 'WORKDIR /app\nCOPY docker/g.py conf.py', 'conf.py'),
    ('docker/g.py', 'COPY --chown=a a.txt docker/g.py /etc/g/', '/etc/g/g.py'),
    ('docker/in/g.py', 'COPY docker/ /etc/g/', '/etc/g/in/g.py'),
    ('docker/g.py', 'COPY ["docker/g.py", "/etc/a b.py"]', '/etc/a b.py'),
    ('in/g.py', 'COPY . /app', '/app/in/g.py'),
    ('in/g.py', 'COPY x /\nCOPY . /app\nFROM b\nCOPY --from=0 /app/in /srv', '/srv/g.py'),
    ('in/g.py', 'COPY . /app\nFROM b AS c\nFROM d\nCOPY --from=first /app /srv', '/srv/in/g.py')])
def test_a_file_is_found_by_its_place_in_the_image(folder, lies, text, path):
    (folder / lies).parent.mkdir(parents=True)
    (folder / lies).write_text('')
    command = from_dockerfile(f'FROM a AS first\n{text}\nCMD ["gunicorn", "a:b"]\n',
                              f'{folder}/Dockerfile')
    assert command.places.find(path) == f'{folder}/{lies}'


def test_the_folder_of_an_image_may_be_above_its_dockerfile(folder):
    (folder / 'docker').mkdir()
    (folder / 'docker/g.py').write_text('workers = 7\n')
    (folder / 'docker/Dockerfile').write_text(
        'FROM a\nCOPY docker/g.py /etc/conf.py\nCMD gunicorn -c /etc/conf.py a:b\n')
    assert 'processes: 7' in convert('docker/Dockerfile', folder=folder).stdout


ENTRY = 'if [ "$1" = gunicorn ]; then\n  exec gunicorn -w 2 a:b\nfi\nexec "$@"\n'


@pytest.mark.parametrize('cmd, script, words', [
    ('["gunicorn"]', ENTRY, ['-w', '2', 'a:b']), ('["gunicorn", "x:y"]', ENTRY, ['x:y']),
    ('["-w", "3"]', 'exec gunicorn a:b "$@"\n', ['a:b', '-w', '3'])])
def test_the_script_of_an_image_counts_if_its_command_says_nothing_more(folder, cmd, script, words):
    (folder / 'entry.sh').write_text(script)
    command = from_dockerfile(f'FROM a\nENTRYPOINT ["/bin/entry.sh"]\nCMD {cmd}\n',
                              f'{folder}/Dockerfile')
    assert command.words == words


def test_several_arguments_of_one_instruction():
    command = from_dockerfile('FROM a\nARG A=1 B="2 3"\nENV C=$A-$B\nCMD gunicorn a:b\n', 'x')
    assert command.surrounding == {'C': '1-2 3'}


@pytest.mark.parametrize('text', ['apiVersion: apps/v1\nkind: Deployment\n',
                                  'image: x\ncommand: ["gunicorn", "a:b"]\n'])
def test_a_manifest_is_answered(folder, text):
    (folder / 'a.yaml').write_text(text)
    done = convert('a.yaml', folder=folder)
    assert done.returncode == 2 and 'the command line of the container after --' in done.stderr


def test_an_image_without_an_entry_point_has_its_command(folder):
    (folder / 'Dockerfile').write_text('FROM a\nENTRYPOINT []\nCMD ["gunicorn", "a:b"]\n')
    assert 'module: a:b' in convert('Dockerfile', folder=folder).stdout


def test_a_script_of_an_image_is_found_by_its_name_alone(folder):
    (folder / 'docker').mkdir()
    (folder / 'docker/start.sh').write_text('exec gunicorn a:b "$@"\n')
    (folder / 'Dockerfile').write_text(
        'FROM a\nWORKDIR /app\nCOPY docker/start.sh /usr/local/bin/\n'
        'ENTRYPOINT ["tini", "--", "start.sh"]\nCMD ["-w", "7"]\n')
    assert 'processes: 7' in convert('Dockerfile', folder=folder).stdout
