# SPDX-License-Identifier: MIT
"""What the converter makes of values that mean something else there, and of what is not said."""
import pytest

from harness.conversions import drafted


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
