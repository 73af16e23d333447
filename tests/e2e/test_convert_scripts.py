# SPDX-License-Identifier: MIT
"""Shell scripts: options that they gather in variables, lists and branches."""
import pytest
from convert.read.command_files import from_procfile, from_script
from convert.read.shell import command_of
from convert.read.statements import statements

from harness.conversions import convert


@pytest.mark.parametrize('line, told', [
    ('a && b || c; d | e & f', [('', 'a'), ('&&', 'b'), ('||', 'c'), (';', 'd'), ('|', 'e'),
                                ('&', 'f')]),
    ('"a; b" \'c && d\' $(e; f) ${G:-h;i}', [('', '"a; b" \'c && d\' $(e; f) ${G:-h;i}')]),
    ('a=(x; y) # c; d', [('', 'a=(x; y)')]), ('a > b 2>&1; c &> d', [('', 'a > b 2>&1'),
                                                                     (';', 'c &> d')]),
    ('a\\;b "c\\"; d"; e', [('', 'a\\;b "c\\"; d"'), (';', 'e')]), ('a#b', [('', 'a#b')])])
def test_statements_of_a_line(line, told):
    assert statements(line) == told


LIST = '''args=(
  --bind "0.0.0.0:${PORT:-80}"  # it's here; always
  # and
  --workers 4
)
'''


@pytest.mark.parametrize('text, words', [
    (f'{LIST}exec gunicorn "${{args[@]}}" a:b', '--bind 0.0.0.0:${PORT:-80} --workers 4 a:b'),
    ('args=(-w 2); [[ -n "$T" ]] && args+=(-t "$T" a:b)\ngunicorn "${args[@]}"',
     '-w 2 -t ${T} a:b'),
    ('if [ "$T" = 1 ]; then OPTS="$OPTS --certfile /x"; fi\ngunicorn $OPTS a:b',
     '${OPTS} --certfile /x a:b'),
    ('A="-w 2"; A+=" -t 3"\nexec gunicorn $A a:b', '-w 2 -t 3 a:b'),
    ('OPTS="\n  -w 2\n  -t 3\n"\nexec gunicorn $OPTS a:b', '-w 2 -t 3 a:b'),
    ('N=2 export T=3 \nexport N=2 T=3\ngunicorn -w $N -t $T a:b', '-w 2 -t 3 a:b'),
    ('set -- -w 2\nset -- "$@" --certfile=/x a:b\nexec gunicorn "$@"', '-w 2 --certfile=/x a:b'),
    ('CMD="gunicorn -w 2 a:b"\nexec $CMD', '-w 2 a:b'),
    ('CMD=(gunicorn -w 2 a:b)\nexec "${CMD[@]}"', '-w 2 a:b'),
    ('if ! gunicorn --check-config x:y; then exit; fi\ngunicorn a:b', 'a:b'),
    ('pip install gunicorn\nwhich gunicorn\n[ "$1" = gunicorn ] && exec gunicorn a:b', 'a:b')])
def test_options_that_a_script_gathers_are_put_in(text, words):
    assert from_script(f'{text}\n', 'x.sh').words == words.split()


@pytest.mark.parametrize('text', [
    'if [ "$TLS" = 1 ]; then OPTS="$OPTS --certfile /x --keyfile /y"; fi\ngunicorn $OPTS a:b',
    'args=(-w 2); [ -f /x ] && args+=(--certfile /x --keyfile /y)\ngunicorn "${args[@]}" a:b',
    'set -- "$@" --certfile=/x --keyfile=/y\ngunicorn "$@" a:b',
    'tls() {\n  printf %s "--certfile /x --keyfile /y"\n}\ngunicorn $(tls) a:b'])
def test_tls_that_a_script_adds_is_told_as_protecting(folder, text):
    (folder / 'run.sh').write_text(f'{text}\n')
    done = convert('run.sh', folder=folder)
    assert done.returncode == 1 and 'module: a:b' in done.stdout
    assert '--certfile' in done.stdout.partition('# - THIS PROTECTS: ')[2]


@pytest.mark.parametrize('word', ['"${args[@]}"', '"$@"', '$*', '"${@:2}"'])
def test_a_list_that_is_not_seen_may_hold_options(word):
    command = command_of(f'gunicorn -w 2 {word} a:b', '')
    assert command.words == ['-w', '2', 'a:b']
    assert command.remarks == [f'{word.strip(chr(34))} may hold further options; add them by hand.']


@pytest.mark.parametrize('line, server', [
    ('echo "starting gunicorn now"', None), ('uv pip install gunicorn', None),
    ('uwsgi --stop /run/a.pid', None), ('A=1 tini -- sh -c "B=2 gunicorn a:b"', ['a:b'])])
def test_what_only_names_a_server_does_not_start_it(line, server):
    command = command_of(line, '')
    assert (command and command.words) == server
    if command:
        assert command.environment == {'A': '1', 'B': '2'}
        assert command.remarks == ['The command begins with `tini`: put that before geventd too.']


def test_the_place_of_the_output_is_told():
    command = command_of('exec gunicorn a:b >> /var/log/x.log 2>&1', '')
    assert command.words == ['a:b'] and command.remarks == [
        'The command ends with `>> /var/log/x.log 2>&1`: put that behind geventd too.']


@pytest.mark.parametrize('text, word', [
    (': "${N:=4}"', '${N:-4}'), (': ${M:=x} ${N:=4}', '${N:-4}'), ('N=3\n: ${N:=4}', '3'),
    ('[ -z "$N" ] && N=4', '${N:-4}'), ('if [ -z "${N}" ]; then N=4; fi', '${N:-4}'),
    ('if [[ -z "${N:-}" ]]\nthen\n  N="4"\nfi', '${N:-4}'), ('[ -n "$N" ] || N=4', '${N:-4}'),
    ('if [ -n "$N" ]; then echo; else N=4; fi', '${N:-4}'), ('[ -z "$M" ] && N=4', '4')])
def test_defaults_of_a_script_stay_defaults(text, word):
    assert from_script(f'{text}\ngunicorn -w $N a:b\n', 'x.sh').words == ['-w', word, 'a:b']


DEVELOPMENT = 'exec gunicorn --reload -w 1 a:b'
PRODUCTION = 'if [ "$PROD" = true ]; then\n  exec gunicorn -w 4 a:b\nfi'


@pytest.mark.parametrize('text, line, other', [
    (f'{PRODUCTION}\n{DEVELOPMENT}', 2, 4), (f'{DEVELOPMENT}\n{PRODUCTION}', 3, 1),
    ('gunicorn -w 3 a:b\ngunicorn -w 4 a:b', 2, 1)])
def test_of_several_starts_the_last_that_is_not_for_development_counts(text, line, other):
    command = from_script(f'{text}\n', 'x.sh')
    assert command.words == ['-w', '4', 'a:b']
    assert f'x.sh:{other} starts gunicorn too; this is line {line}.' in command.remarks


def test_other_servers_of_a_procfile_are_told():
    command = from_procfile('admin: uwsgi --http :1\nweb: gunicorn a:b\n', 'Procfile')
    assert 'Procfile:1 (admin:) starts uwsgi too; this is web:.' in command.remarks


BRANCHES = '''if [ "$APP_ENV" = production ]; then
  WORKERS=4
  EXTRA="--threads 1"
else
  WORKERS=1
fi
UNUSED=1
OPTS="-t 5"
OPTS="$OPTS -b :1"
exec gunicorn -w $WORKERS $OPTS a:b
'''


def test_values_of_several_branches_are_told(folder):
    (folder / 'x.sh').write_text(BRANCHES)
    said = convert('x.sh', folder=folder).stdout
    assert 'WORKERS is 4 (x.sh:2) or 1 (x.sh:5); the last one was taken.' in said
    assert said.count('the last one was taken') == 1


HERE = '''exec gunicorn -w 4 -b :8000 a:b
cat <<-"END" >&2
  usage: gunicorn --certfile x -b :1 help:me
  END
n=$((1<<3))
echo <<<word
'''


def test_texts_for_a_program_are_no_commands(folder):
    (folder / 'x.sh').write_text(HERE)
    done = convert('x.sh', folder=folder)
    assert done.returncode == 0 and 'help:me' not in done.stdout
    assert 'http://0.0.0.0:8000' in done.stdout and 'starts gunicorn too' not in done.stdout
