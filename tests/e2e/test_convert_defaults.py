# SPDX-License-Identifier: MIT
"""What the converter makes of values that mean something else there, and of what is not said."""
import pytest

from harness.conversions import convert, drafted


@pytest.mark.parametrize('server, name', [('gunicorn', 'keepalive'), ('uwsgi', 'http-keepalive')])
@pytest.mark.parametrize('value', ['0', '${CONVERTED_KEEP}', '${CONVERTED_KEEP:-5}'])
def test_no_keep_alive_does_not_become_one_without_limit(monkeypatch, server, name, value):
    monkeypatch.setenv('CONVERTED_KEEP', '0')
    setting = drafted(server, (name, value)).settings['limits.keep-alive']
    assert setting.value == '1ms'
    assert 'closed connections after each answer' in setting.comments[0]


@pytest.mark.parametrize('server, name', [('gunicorn', 'keepalive'), ('uwsgi', 'http-keepalive')])
def test_another_keep_alive_stays_as_it_is(server, name):
    for value, written in (('9', '9s'), ('${CONVERTED_KEEP:-5}', '${CONVERTED_KEEP:-5}s')):
        assert drafted(server, (name, value)).settings['limits.keep-alive'].value == written


# --- gunicorn's variables -------------------------------------------------------------------------

def files(name, value):
    """(file, text) of each kind that gives gunicorn a variable."""
    return [('Dockerfile', f'FROM a\nENV {name}={value}\nCMD ["gunicorn", "a:b"]\n'),
            ('a.service', f'[Service]\nEnvironment={name}={value}\nExecStart=/bin/gunicorn a:b\n'),
            ('run.sh', f'{name}={value} gunicorn a:b\n')]


def converted(folder, file, text, environment=None):
    (folder / file).write_text(text)
    return convert(file, folder=folder, environment=environment).stdout


@pytest.mark.parametrize('name, value, written', [
    ('PORT', '5000', '- address: http://0.0.0.0:${PORT:-5000}  # PORT=5000 ('),
    ('WEB_CONCURRENCY', '3', 'processes: ${WEB_CONCURRENCY:-3}  # WEB_CONCURRENCY=3 ('),
    ('FORWARDED_ALLOW_IPS', '10.0.0.0/8',
     'trusted-proxies: [10.0.0.0/8]  # FORWARDED_ALLOW_IPS=10.0.0.0/8 (')])
def test_variables_are_gunicorns_defaults_wherever_they_are_given(folder, name, value, written):
    for file, text in files(name, value):
        assert f'{written}{file}' in converted(folder, file, text)


def test_this_environment_says_whom_gunicorn_trusts(folder):
    words = ['--', 'gunicorn', 'a:b']
    said = convert(*words, folder=folder, environment={'FORWARDED_ALLOW_IPS': '*'}).stdout
    assert 'trusted-proxies: [0.0.0.0/0, "::/0"]  # FORWARDED_ALLOW_IPS=* (environment)' in said
    words += ['--forwarded-allow-ips', '10.0.0.1']
    said = convert(*words, folder=folder, environment={'FORWARDED_ALLOW_IPS': '*'}).stdout
    assert 'trusted-proxies: [10.0.0.1]' in said


def test_a_wrong_address_in_a_variable_is_told(folder):
    for file, text in files('FORWARDED_ALLOW_IPS', 'nginx'):
        assert 'THIS PROTECTS: FORWARDED_ALLOW_IPS=nginx' in converted(folder, file, text)


def test_whoever_trusts_nobody_does_so_here():
    keys = drafted('gunicorn', ('forwarded_allow_ips', '')).listeners[0].keys
    assert keys['trusted-proxies'].value == []


# --- flags in variables --------------------------------------------------------------------------

FLAGS = [('uwsgi', 'lazy-apps', 'app.preload', False),
         ('uwsgi', 'disable-logging', 'log.access', 'off'),
         ('uwsgi', 'gevent-monkey-patch', 'app.monkey-patch', 'before-start'),
         ('uwsgi', 'ignore-sigpipe', 'on-disconnect', 'ignore'),
         ('uwsgi', 'log-5xx', 'log.access-when.status', None),
         ('gunicorn', 'daemon', 'process.daemonize', True),
         ('gunicorn', 'preload_app', 'app.preload', True)]


@pytest.mark.parametrize('server, name, key, value', FLAGS)
@pytest.mark.parametrize('text, state', [('true', 'on'), ('false', 'off'), ('', 'none'),
                                         (None, 'none')])
def test_a_flag_in_a_variable_is_what_that_is_now(monkeypatch, server, name, key, value, text,
                                                  state):
    monkeypatch.delenv('CONVERTED_FLAG', raising=False)
    if text is not None:
        monkeypatch.setenv('CONVERTED_FLAG', text)
    draft = drafted(server, (name, '${CONVERTED_FLAG}'))
    setting = draft.settings.get(key)
    told = [left for left in draft.left_out if left.because == 'its value is not true or false']
    assert (setting is not None and setting.value == value and value is not None) == (
        state == 'on' and value is not None)
    assert [left.instead for left in told] == ([f'write {key} by hand'] if state == 'none' else [])
    if state == 'on' and value is not None:
        assert 'as the environment is now' in ' '.join(setting.comments)


def test_no_value_at_all_switches_nothing_on():
    draft = drafted('gunicorn', ('daemon', None), ('preload_app', None))
    assert 'process.daemonize' not in draft.settings
    assert draft.settings['app.preload'].value is False


# --- defaults that differ ------------------------------------------------------------------------

def test_limits_that_gunicorn_lacks_are_written_as_none():
    settings = drafted('gunicorn', ('wsgi_app', 'a')).settings
    for key, value in (('body-timeout', '0s'), ('body-rate', 0), ('write-timeout', '0s')):
        setting = settings[f'limits.{key}']
        assert setting.value == value and 'no such limit' in setting.comments[0]


# --- logs in variables ---------------------------------------------------------------------------

@pytest.mark.parametrize('value, written', [
    ('${CONVERTED_LEVEL:-info}', '${CONVERTED_LEVEL:-info}'),
    ('${CONVERTED_LEVEL:-WARN}', 'warning'),
    ('${CONVERTED_LEVEL}', '${CONVERTED_LEVEL}'), ('${CONVERTED_LEVEL:-loud}', None)])
def test_a_level_in_a_variable_keeps_its_name(monkeypatch, value, written):
    monkeypatch.delenv('CONVERTED_LEVEL', raising=False)
    setting = drafted('gunicorn', ('loglevel', value)).settings.get('log.level')
    assert (setting.value if setting else None) == written
