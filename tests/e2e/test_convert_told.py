# SPDX-License-Identifier: MIT
"""What moving changes, and how the converter tells of it."""
import pytest

from harness.conversions import drafted

SPA = 'static-map=/=/w'


@pytest.mark.parametrize('expression, told, untold', [
    (r'^(?!\/api)[^\.]*$', ['/apidocs', '/missing.js', '405', 'path: PREFIX'], []),
    (r'^(?!/api/).*', ['405'], ['/api', 'missing.js', 'PREFIX']),
    ('.*', ['405'], ['such as', 'PREFIX'])])
def test_what_a_route_of_uwsgi_changes_is_told(expression, told, untold):
    left, = drafted('uwsgi', SPA, f'route={expression} static:/w/index.html').left_out
    said = left.because + left.instead
    assert [text for text in told if text not in said] == []
    assert [text for text in untold if text in said] == []
