# SPDX-License-Identifier: MIT
"""Command lines, the files that hold them, and what the converter's own command line says."""
import json
import re
import subprocess

import pytest
from convert.command_line import main
from convert.model import Unreadable
from convert.read import uwsgi_words
from convert.read.command_files import from_dockerfile, from_procfile, from_script, from_unit
from convert.read.shell import command_of, spell_variables

from harness.conversions import convert
from harness.limits import GEVENTCTL


@pytest.mark.parametrize('text, spelled', [
    ('$PORT', '${PORT}'), ('${PORT}', '${PORT}'), ('${A:-b}', '${A:-b}'), ('${A-b}', '${A:-b}'),
    ('${A:=b}', '${A:-b}'), ('${A:?missing}', '${A}'), ('$1 $(date)', '${1} $(date)'),
    ('$((2 * $(nproc) + 1))', '2*cpus+1'), ('${W:-`nproc`}', '${W:-cpus}'), ('$((3*2))', '6'),
    ('$(( $(nproc) - $X ))', '$(( cpus - ${X} ))')])
def test_variables_are_spelled_as_geventd_spells_them(text, spelled):
    assert spell_variables(text) == spelled


@pytest.mark.parametrize('line, server, words', [
    ('exec gunicorn -w 4 app:app "$@"', 'gunicorn', ['-w', '4', 'app:app']),
    ('cd /srv && exec /opt/venv/bin/uwsgi --ini x.ini', 'uwsgi', ['--ini', 'x.ini']),
    ('python3 -m gunicorn app:app > log 2>&1', 'gunicorn', ['app:app']),
    ('sh -c "gunicorn -b :$PORT app:app"', 'gunicorn', ['-b', ':${PORT}', 'app:app']),
    ('uwsgi_python3 -M', 'uwsgi', ['-M']), ('uwsgi --http :80 &', 'uwsgi', ['--http', ':80'])])
def test_the_server_is_found_in_a_line(line, server, words):
    command = command_of(line, '')
    assert (command.server, command.words) == (server, words)


@pytest.mark.parametrize('line', ['pip install uwsgi', 'echo $((1+2))', "echo 'unbalanced", ''])
def test_other_lines_start_no_server(line):
    command = command_of(line, '')
    assert command is None or line == 'pip install uwsgi' and command.words == []


def test_what_stands_before_the_server_is_kept():
    command = command_of('A=1 B="x y" newrelic-admin run-program gunicorn app:app', '')
    assert command.environment == {'A': '1', 'B': 'x y'}
    assert command.remarks == [
        'The command begins with `newrelic-admin run-program`: put that before geventd too.']


def test_short_options_of_uwsgi():
    assert list(uwsgi_words.parse(['-Mp4', '-s', ':1', '-H/venv', '-C', '-T', 'a.ini:x'])) == [
        ('master', 'true', '-M'), ('processes', '4', '-p 4'), ('socket', ':1', '-s :1'),
        ('home', '/venv', '-H /venv'), ('chmod-socket', 'true', '-C'),
        ('enable-threads', 'true', '-T'), ('ini', 'a.ini:x', 'a.ini:x')]


def test_a_procfile_prefers_web():
    command = from_procfile('beat: uwsgi --http :1\nweb: gunicorn -b :$PORT app:app\n', 'Procfile')
    assert (command.server, command.place, command.on_paas) == ('gunicorn', 'Procfile:2', True)
    assert command.remarks[-1] == 'In the Procfile write `web: geventd -c FILE`.'


def test_a_dockerfile_has_its_last_stage():
    command = from_dockerfile('FROM a\nCMD ["gunicorn", "old:app"]\nFROM b\nENV A=1 B="2 3"\n'
                              'ENTRYPOINT ["gunicorn"]\nCMD ["-w", "2", "new:app"]\n', 'Dockerfile')
    assert command.words == ['-w', '2', 'new:app']
    assert command.surrounding == {'A': '1', 'B': '2 3'}


@pytest.mark.parametrize('read, text, name', [
    (from_dockerfile, 'FROM a\nSTOPSIGNAL {}\nCMD ["uwsgi"]\n', 'STOPSIGNAL '),
    (from_unit, '[Service]\nKillSignal={}\nExecStart=/usr/bin/uwsgi\n', 'KillSignal=')])
def test_a_signal_that_would_cut_requests_is_told(read, text, name):
    told = f'Leave {name}SIGQUIT out: geventd then stops at once and cuts requests.'
    assert told in read(text.format('SIGQUIT'), 'x').remarks
    assert not any('Leave' in remark for remark in read(text.format('SIGINT'), 'x').remarks)


def test_an_image_without_a_server_is_refused():
    with pytest.raises(Unreadable, match='starts neither uWSGI nor gunicorn; if a script does'):
        from_dockerfile('FROM a\nCMD ["nginx"]\n', 'Dockerfile')


@pytest.mark.parametrize('start', ['CMD ["/bin/start"]', 'CMD ["start"]'])
def test_what_this_machine_has_is_none_of_the_images(folder, start, monkeypatch):
    elsewhere = folder / 'machine'
    elsewhere.mkdir()
    (elsewhere / 'start').write_text('exec gunicorn app:app\n')
    monkeypatch.setattr('convert.read.dockerfile.PROGRAM_FOLDERS', (f'{elsewhere}/',))
    text = 'FROM a\n' + start.replace('/bin', str(elsewhere)) + '\n'
    with pytest.raises(Unreadable, match='starts neither uWSGI nor gunicorn; if a script does'):
        from_dockerfile(text, f'{folder}/Dockerfile')


def test_a_file_that_only_this_machine_has_is_not_read_for_an_image(folder):
    (folder / 'machine').mkdir()
    settings = folder / 'machine' / 'settings.ini'
    settings.write_text('[uwsgi]\nprocesses = 4\n')
    (folder / 'Dockerfile').write_text(f'FROM a\nCMD ["uwsgi", "--ini", "{settings}"]\n')
    result = convert(folder / 'Dockerfile')
    assert result.returncode == 2
    assert result.stderr == (f'geventctl convert: {settings} is a file of the image, and none of '
                             'its name lies beside the Dockerfile\n')


def test_a_program_is_no_script():
    with open('/usr/bin/python3', 'rb') as program:
        text = program.read().decode('utf-8', 'replace')
    with pytest.raises(Unreadable, match='neither a configuration of uWSGI or gunicorn nor'):
        from_script(text, 'python3')


def test_the_script_of_an_image_is_read_when_it_lies_beside(folder):
    (folder / 'run.sh').write_text('exec gunicorn -w "$N" app:app\n')
    command = from_dockerfile('FROM a\nWORKDIR /app\nCMD /app/run.sh\n', f'{folder}/Dockerfile')
    assert command.words == ['-w', '${N}', 'app:app']


def test_a_unit_is_read_with_its_surroundings():
    command = from_unit('[Service]\nUser=www\nWorkingDirectory=/srv\nEnvironment=A=1 "B=2 3"\n'
                        'ExecStart=/usr/bin/gunicorn \\\n  -w 2 app:app\n', 'x.service')
    assert (command.words, command.chdir) == (['-w', '2', 'app:app'], '/srv')
    assert command.surrounding == {'A': '1', 'B': '2 3'}
    assert command.remarks[0] == 'These lines stay in the unit: User=www.'
    assert 'path that `command -v geventd` prints' in command.remarks[1]


def test_variables_that_a_script_sets_are_put_in():
    command = from_script('A=4\nexport B="-b :80"\nC=${C:-x}\nuwsgi -p $A --module "${C}" $B\n',
                          'x.sh')
    assert command.words == ['-p', '4', '--module', '${C:-x}', '-b', ':80']


def test_the_number_of_cpus_becomes_a_formula_in_a_script():
    command = from_script('CORES=$(nproc)\nN=$(( $CORES * 2 + 1 ))\ngunicorn -w $N --threads '
                          '$((2 * 3)) app:app\n', 'x.sh')
    assert command.words == ['-w', 'cpus*2+1', '--threads', '6', 'app:app']


def test_options_that_a_script_composes_are_put_in():
    command = from_script('BASE="--socket :1 \\\n  -p ${N:-2}"\nOPTIONS="${OPTIONS:-$BASE}"\n'
                          'OPTIONS="$OPTIONS $MORE"\nuwsgi $OPTIONS\n', 'x.sh')
    assert command.words == ['--socket', ':1', '-p', '${N:-2}', '${MORE}']


def test_a_variable_that_may_hold_options_is_told():
    done = convert('--', 'sh', '-c', 'uwsgi --http :80 --module app $MORE')
    assert '# ${MORE} may hold further options; add them by hand.' in done.stdout


@pytest.mark.parametrize('name, text, follows', [
    ('Dockerfile', 'FROM a\nCMD ["gunicorn", "-c", "/app/conf.py", "a:b"]\n', True),
    ('a.service', '[Service]\nExecStart=/bin/gunicorn -c /nowhere/conf.py a:b\n', True),
    ('Procfile', 'web: gunicorn -c /nowhere/conf.py a:b\n', False),
    ('run.sh', 'gunicorn -c nowhere/conf.py a:b\n', False)])
def test_a_path_of_another_machine_is_followed_by_its_last_name(folder, name, text, follows):
    (folder / 'conf.py').write_text('workers = 7\n')
    (folder / name).write_text(text)
    done = convert(name, folder=folder)
    assert ('processes: 7' in done.stdout) == follows
    assert follows or done.stderr.endswith('nowhere/conf.py: No such file or directory\n')


def test_another_command_follows_no_last_name(folder):
    (folder / 'conf.py').write_text('workers = 7\n')
    assert convert('--', 'gunicorn', '-c', '/nowhere/conf.py', 'a:b', folder=folder).returncode == 2
    (folder / 'a.ini').write_text('[uwsgi]\nhttp = :1\n')
    assert convert('--', 'uwsgi', '--ini', '/nowhere/a.ini', folder=folder).returncode == 2


@pytest.mark.parametrize('words, remark', [
    ('-c conf/mine.py a:b', '# conf/mine.py was executed, as gunicorn does with what -c names.'),
    ('-c python:conf.mine a:b', '# conf/mine.py was executed, as gunicorn does with what -c'),
    ('a:b', '# gunicorn.conf.py was executed, as gunicorn does with a file of this name in its '
            'working')])
def test_a_file_that_was_executed_is_told(folder, words, remark):
    (folder / 'conf').mkdir()
    for name in ('conf/mine.py', 'gunicorn.conf.py'):
        (folder / name).write_text('')
    (folder / 'Procfile').write_text(f'web: gunicorn {words}\n')
    said = convert('Procfile', folder=folder).stdout
    assert remark in said and said.count('was executed') == 1


def test_the_heading_names_the_command_line(folder):
    (folder / 'uwsgi.ini').write_text('[web]\nhttp = :8000\nmodule = app\n')
    begin = "# Made by `geventctl convert` from uWSGI's options in the command line `uwsgi "
    told = convert('--', 'uwsgi', 'uwsgi.ini:web', folder=folder).stdout.replace('\n# ', ' ')
    assert told.startswith(begin + 'uwsgi.ini:web`. Each comment')
    long = convert('--', 'uwsgi', *['--http=:1'] * 100, folder=folder).stdout.replace('\n# ', ' ')
    assert long.startswith(begin) and '…`. Each comment' in long


# --- the converter's own command line ------------------------------------------------------------

def test_the_environment_alone_can_be_converted():
    done = convert(environment={'UWSGI_HTTP': ':80', 'UWSGI_MODULE': 'app'})
    assert done.returncode == 0 and 'address: http://0.0.0.0:80' in done.stdout


@pytest.mark.parametrize('arguments, fault', [
    ([], 'there is nothing to convert: name a file, or a command line after --'),
    (['nowhere.ini'], 'nowhere.ini: No such file or directory'),
    (['--', 'nginx'], 'the command line starts neither uwsgi nor gunicorn'),
    (['--', 'gunicorn', '-w'], '-w of gunicorn needs a value'),
    (['--', 'uwsgi', '--http'], '--http of uWSGI needs a value')])
def test_what_cannot_be_read_is_exit_code_2_and_one_sentence(arguments, fault, folder):
    done = convert(*arguments, folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (2, '', f'geventctl convert: {fault}\n')


def test_geventctl_starts_the_converter():
    done = subprocess.run([GEVENTCTL, 'convert', '--', 'gunicorn', '-w', '3', 'app:app'],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, '')
    assert '  processes: 3  # -w 3' in done.stdout


def test_the_result_can_go_to_a_file(folder):
    done = convert('-o', 'out.yaml', '--', 'gunicorn', 'app:app', folder=folder)
    assert (done.returncode, done.stdout) == (0, '')
    assert 'module: app:app' in (folder / 'out.yaml').read_text()
    assert done.stderr == (
        'geventctl convert: out.yaml is written; everything was taken over\n')


def test_what_somebody_has_written_is_not_overwritten(folder):
    words = ['--', 'gunicorn', 'app:app']
    for said, text in (('is written', ''), ('is written', None), ('--force', '# mine\n')):
        if text is not None:
            (folder / 'out.yaml').write_text(text)
        done = convert('-o', 'out.yaml', *words, folder=folder)
        assert said in done.stderr and done.returncode == (2 if said == '--force' else 0)
    assert (folder / 'out.yaml').read_text() == '# mine\n'
    assert convert('-o', 'out.yaml', '--force', *words, folder=folder).returncode == 0
    assert 'module: app:app' in (folder / 'out.yaml').read_text()


DAEMONS = '''[uwsgi]
http = :1
exec-pre-app = migrate
attach-daemon = celery worker
attach-daemon2 = cmd=celery beat
attach-daemon = redis
log-master-bufsize = 1
'''


def test_what_was_not_taken_over_is_told_by_name(folder):
    (folder / 'a.ini').write_text(DAEMONS)
    done = convert('-o', 'out.yaml', 'a.ini', folder=folder)
    lines = done.stderr.splitlines()
    assert done.returncode == 0 and lines[0].startswith(
        'geventctl convert: out.yaml is written; 4 options are not taken over (exec-pre-app, '
        'attach-daemon (2 times), attach-daemon2): ')
    assert lines[-1] == (
        'geventctl convert: nothing runs this any more: exec-pre-app = migrate, attach-daemon = '
        'celery worker, attach-daemon2 = cmd=celery beat, attach-daemon = redis')
    assert (folder / 'out.yaml').read_text().count('geventd starts no other programs') == 1
    assert lines[-1] in convert('a.ini', folder=folder).stderr


def test_a_new_file_is_for_its_owner_only(folder):
    (folder / 'old.yaml').touch(0o644)
    for name, mode in (('new.yaml', 0o600), ('old.yaml', 0o644)):
        convert('-o', name, '--', 'gunicorn', 'app:app', folder=folder)
        assert (folder / name).stat().st_mode & 0o777 == mode


def test_what_protects_is_exit_code_1(folder):
    (folder / 'a.json').write_text(json.dumps({'uwsgi': {'http': ':1', 'limit-nproc': 9}}))
    done = convert('a.json', folder=folder)
    assert done.returncode == 1
    assert done.stderr.endswith(
        '\ngeventctl convert: not taken over, though it protects: limit-nproc = 9\n')
    assert '# - THIS PROTECTS: limit-nproc = 9 (a.json:1)' in done.stdout


DEEP = 100_000
BROKEN = [
    ('GUNICORN_CMD_ARGS', "--bind ':80", 'GUNICORN_CMD_ARGS is no command line: No closing quot'),
    ('Dockerfile', 'FROM a\nCMD ["gunicorn", 1]\n', 'Dockerfile starts neither uWSGI nor gunicorn'),
    ('Dockerfile', f'FROM a\nCMD {"[" * DEEP}\n', 'Dockerfile starts neither uWSGI nor gunicorn'),
    ('a.ini', '[uwsgi]\nif-hostname-match = (\nendif =\n',
     r'a.ini:2: if-hostname-match = \(: \( is no regular expression: missing \)'),
    ('a.ini', '[uwsgi]\nfor-times = 1001\nx = 1\nendfor =\n', 'a.ini:2: .* more than 1000'),
    ('a.json', '[' * DEEP, 'a.json: is no JSON: maximum recursion depth'),
    ('a.ini', '[uwsgi]\nini = a\0b\n', 'a.ini cannot be understood: ValueError: embedded null'),
    ('a.conf.py', f'raw_env = {"(" * 500}1{")" * 500}\n', 'a.conf.py.*too many nested'),
    ('a.conf.py', 'workers = ' + ' + '.join(['1'] * 5000), 'a.conf.py.*recursion')]


@pytest.mark.parametrize('name, text, fault', BROKEN)
def test_whatever_is_broken_is_exit_code_2_and_one_sentence(folder, name, text, fault):
    if name == 'GUNICORN_CMD_ARGS':
        done = convert(folder=folder, environment={name: text})
    else:
        (folder / name).write_text(text)
        done = convert(name, folder=folder)
    assert (done.returncode, done.stdout) == (2, '')
    assert re.fullmatch(f'geventctl convert: .*{fault}.*\n', done.stderr)


def test_no_terminal_obeys_what_is_complained_of(folder):
    done = convert('--', 'uwsgi', '--http', ':1', '--limit-as', '1\x1b[2J', folder=folder)
    assert done.stderr.endswith('--limit-as 1\\x1b[2J\n') and '\x1b' not in done.stdout
    assert convert('no\x1b.ini', folder=folder).stderr == (
        'geventctl convert: no\\x1b.ini: No such file or directory\n')


def test_a_fault_of_the_converter_names_its_line_and_that_of_the_input(monkeypatch, capsys):
    monkeypatch.setattr('convert.answer.apply', lambda *_: 1 // 0)
    assert main(['--', 'gunicorn', '-w', '3', 'a:b']) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r'geventctl convert: -w 3 cannot be understood: ZeroDivisionError: .* '
                        r'\(in .*\.py:\d+ of the converter; if the input is right, please report '
                        r'this\)\n', said)


# --- variables that may hold options -------------------------------------------------------------

@pytest.mark.parametrize('line, module, told', [
    ('gunicorn -b :80 app:app $EXTRA', 'app:app', ['${EXTRA}']),
    ('gunicorn $OPTIONS app:app "${MORE:-}"', 'app:app', ['${OPTIONS}', '${MORE:-}']),
    ('gunicorn $OPTIONS $APP_MODULE', '${APP_MODULE}', ['${OPTIONS}']),
    ('gunicorn ${A:-x} ${B:-shop:app}', '${B:-shop:app}', ['${A:-x}']),
    ('gunicorn $ANYTHING', '${ANYTHING}', []), ('gunicorn first:app second:app', 'first:app', []),
    ('uwsgi --http :80 --module wsgi ${EXTRA:-}', 'wsgi:application', ['${EXTRA:-}']),
    ('uwsgi --http :80 ${APP:-shop:app}', '${APP:-shop:app}', [])])
def test_a_variable_that_may_hold_options_replaces_no_application(folder, line, module, told):
    (folder / 'run.sh').write_text(f'{line}\n')
    done = convert('run.sh', folder=folder)
    assert re.search(r'module: "?([^" \n]*)', done.stdout)[1] == module
    assert re.findall(r'(\S+) may hold further options', done.stdout) == told


def test_a_unit_tells_of_a_variable_that_may_hold_options(folder):
    (folder / 'a.service').write_text('[Service]\nEnvironmentFile=/etc/default/shop\n'
                                      'ExecStart=/bin/gunicorn $OPTIONS shop:app\n')
    said = convert('a.service', folder=folder).stdout
    assert 'module: shop:app' in said and '# ${OPTIONS} may hold further options' in said


@pytest.mark.parametrize('server', ['gunicorn a:b', 'uwsgi --http :80 --module a'])
def test_options_that_a_variable_holds_by_default_are_taken_over(folder, server):
    (folder / 'run.sh').write_text(f'MORE="${{MORE:---max-requests 7}}"\nexec {server} $MORE\n')
    said = convert('run.sh', folder=folder).stdout
    assert 'max-requests: 7' in said and '${MORE:---max-requests 7} may hold further' in said


def test_the_application_of_gunicorns_file_is_not_replaced_by_a_variable(folder):
    (folder / 'gunicorn.conf.py').write_text('wsgi_app = "shop:app"\n')
    said = convert('--', 'sh', '-c', 'gunicorn $MORE', folder=folder).stdout
    assert 'module: shop:app' in said and '${MORE} may hold further options' in said


def test_a_configuration_may_be_a_variables_default(folder):
    (folder / 'a.ini').write_text('[uwsgi]\nhttp = :1\nmodule = a\nmax-requests = 7\n')
    (folder / 'run.sh').write_text('uwsgi ${CONFIGURATION:-a.ini}\n')
    assert 'max-requests: 7' in convert('run.sh', folder=folder).stdout
