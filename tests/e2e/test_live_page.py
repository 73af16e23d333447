# SPDX-License-Identifier: MIT
"""The live page: in a browser, while requests come, and over a restart of the server."""
import contextlib
import re
import socket
import threading

import pytest

from harness.apps import HELLO, HOLD
from harness.browser import emulate, keep_screenshot, open_browser
from harness.client import exchange, open_http
from harness.limits import DEADLINE
from harness.websockets import connect


@pytest.fixture(scope='module')
def chromium():
    browser = open_browser()
    yield browser
    browser.quit()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        return taken.getsockname()[1]


@contextlib.contextmanager
def requests_all_the_time(running):
    over = threading.Event()

    def ask():
        while not over.is_set():
            assert running.get('/anything').status == 200

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def text_of(browser, selector):
    return browser.find_element('css selector', selector).text


def wait_page(browser, predicate, timeout=DEADLINE):
    from selenium.webdriver.support.ui import WebDriverWait
    return WebDriverWait(browser, timeout, 0.1).until(lambda _: predicate(browser))


def figures(browser, chart):
    """{name of a line: its newest figure} of a chart."""
    return browser.execute_script('''
        const card = [...document.querySelectorAll('#charts section')].find(
            section => section.querySelector('h2').textContent === arguments[0]);
        return Object.fromEntries([...card.querySelectorAll('.legend span')].map(
            line => [line.firstChild.data.trim(), line.querySelector('b').textContent]));
        ''', chart)


def press(browser, selector):
    browser.find_element('css selector', selector).click()


def complaints(browser):
    """The browser's complaints, except that the server was away."""
    return [entry for entry in browser.get_log('browser')
            if 'net::ERR_CONNECTION' not in entry['message']]


def test_it_shows_what_happens_and_survives_a_restart(chromium, make_server):
    port = free_port()
    made = make_server()
    made.write_app(HOLD)
    made.write_config({'metrics': {'listen': f'http://127.0.0.1:{port}'},
                       'workers': {'processes': 2, 'cores': 7}})
    made.start()
    chromium.get(f'http://127.0.0.1:{port}/')
    wait_page(chromium, lambda b: text_of(b, '#state') == 'running')
    assert len(chromium.find_elements('css selector', '#workers tr')) == 3
    with requests_all_the_time(made):
        wait_page(chromium, lambda b: figures(b, 'Requests a second')['finished'] not in '–0')
        wait_page(chromium, lambda b: figures(b, 'Latency')['p99'] != '–')
        path = chromium.find_element('css selector', '#charts path').get_attribute('d')
        wait_page(chromium, lambda b: b.find_element(
            'css selector', '#charts path').get_attribute('d') != path)
        with made.raw() as held:
            held.send(b'GET /hold?password=geheim HTTP/1.1\r\nHost: x\r\nCookie: geheim\r\n\r\n')
            wait_page(chromium, lambda b: 'GET /hold' in text_of(b, '#requests'))
            press(chromium, '#requests button')
            wait_page(chromium, lambda b: 'app.py, line' in text_of(b, '#stacks pre'))
            assert 'GET /hold' in text_of(chromium, '#stacks h2')
            assert 'geheim' not in chromium.page_source
            for scheme in ('light', 'dark'):
                emulate(chromium, scheme)
                keep_screenshot(chromium, f'live-page-{scheme}')
            while text_of(chromium, '#requests') and 'GET /hold' in text_of(chromium, '#requests'):
                made.get('/release')
    press(chromium, '#stacks button')
    wait_page(chromium, lambda b: 'it has ended' in text_of(b, '#stacks'))
    emulate(chromium, 'light')
    elsewhere = chromium.execute_script(
        'return performance.getEntriesByType("resource").map(e => e.name)')
    assert elsewhere and all(name.startswith(f'http://127.0.0.1:{port}/') for name in elsewhere)

    former = str(made.pid)
    assert f'pid {former},' in text_of(chromium, '#server')
    made.stop()
    wait_page(chromium, lambda b: text_of(b, '#state') == 'no answer from the server')
    made.start()
    wait_page(chromium, lambda b: text_of(b, '#state') == 'running')
    wait_page(chromium, lambda b: f'pid {made.pid},' in text_of(b, '#server'))
    assert str(made.pid) != former
    # The browser itself tells of the 404 for the request that has ended.
    assert [c for c in complaints(chromium) if '/stacks.json?of=' not in c['message']] == []


FAILS = HELLO.replace('def application(environ, start_response):', """
import gevent
import geventd


@geventd.register(17)
def build_index(number):
    raise ConnectionError('the index server at 192.0.2.7:9200 does not answer')


def application(environ, start_response):
    if environ['PATH_INFO'].startswith('/orders'):
        raise LookupError('there is no order of that number, and there never was one')
    gevent.sleep(0.001 if environ['PATH_INFO'] == '/' else 0.3)""")


def failing_server(made, port):
    made.write_app(FAILS)
    made.write_config({'metrics': {'listen': f'http://127.0.0.1:{port}'}})
    made.expect_error('failed')
    made.start()
    assert made.get('/orders/4711/invoice').status == 500
    made.wait_status(lambda s: s['failures'])  # of each second the newest is remembered
    assert made.ctl('signal', '17').returncode == 0
    made.wait_status(lambda s: len(s['failures']) == 2)
    for path in ('/', '/slow'):
        assert made.get(path).status == 200


def is_in_view(browser, text):
    """No part of an element with that text is cut."""
    return browser.execute_script('''
        const cell = [...document.querySelectorAll('td')].find(
            td => td.textContent.includes(arguments[0]));
        cell.scrollIntoView();
        const box = cell.getBoundingClientRect(), card = cell.closest('.scroll');
        return box.left >= 0 && box.right <= innerWidth && card.scrollWidth <= card.clientWidth;
        ''', text)


def test_failures_show_their_errors_first_and_whole(chromium, make_server):
    port = free_port()
    failing_server(make_server(), port)
    chromium.get(f'http://127.0.0.1:{port}/')
    wait_page(chromium, lambda b: len(b.find_elements('css selector', '#failures tr')) == 3)
    rows = chromium.find_elements('css selector', '#failures tr')
    assert rows[1].text.startswith('ConnectionError: the index') and 'signal 17' in rows[1].text
    assert rows[2].text.startswith('LookupError: there is no order')
    assert is_in_view(chromium, 'LookupError') and is_in_view(chromium, 'ConnectionError')


def test_latencies_have_an_axis_of_tens(chromium, make_server):
    port = free_port()
    failing_server(make_server(), port)
    chromium.get(f'http://127.0.0.1:{port}/')
    labels = wait_page(chromium, lambda b: b.execute_script('''
        const labels = [...document.querySelectorAll('#charts section')[1].querySelectorAll(
            '.plot span')].map(span => [span.textContent, span.getBoundingClientRect().top]);
        return labels.length > 2 ? labels : null'''))
    assert {'10 ms', '100 ms'} <= {text for text, _ in labels}
    steps = [one - other for (_, one), (_, other) in zip(labels, labels[1:])]
    assert max(steps) - min(steps) < 2  # as far apart from 10 to 100 as from 100 to 1000


TALK = '''
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        ws.send(2 * message)
    return []
'''


def row_of(browser, table):
    """{heading: cell} of the first row; empty if there is none."""
    return browser.execute_script('''
        const [heads, row] = document.querySelector(arguments[0]).rows;
        return !row ? {} : Object.fromEntries([...heads.cells].map(
            (head, index) => [head.textContent, row.cells[index].textContent]));
        ''', table)


def test_it_shows_the_websockets_that_are_open(chromium, make_server):
    port = free_port()
    made = make_server()
    made.write_app(TALK)
    made.write_config({'metrics': {'listen': f'http://127.0.0.1:{port}'}})
    made.start()
    chromium.get(f'http://127.0.0.1:{port}/')
    wait_page(chromium, lambda b: text_of(b, '#state') == 'running')
    table = chromium.find_element('css selector', '#websockets')
    assert not table.is_displayed()
    with contextlib.closing(connect(made, '/chat?password=geheim')) as client:
        for _ in range(3):
            client.send('x' * 10)
            assert client.recv() == 'x' * 20
        wait_page(chromium, lambda b: row_of(b, '#websockets').get('messages in') == '3')
        row = row_of(chromium, '#websockets')
        assert table.is_displayed() and len(table.find_elements('css selector', 'tr')) == 2
        assert (row['path'], row['worker'], row['client']) == ('/chat', '1', '127.0.0.1')
        assert (row['out'], row['unsent']) == ('3', '0 B')
        assert (row['received'], row['sent']) == (f'{3 * (2 + 4 + 10)} B', f'{3 * (2 + 20)} B')
        press(chromium, '#websockets button')
        wait_page(chromium, lambda b: 'app.py, line' in text_of(b, '#stacks pre'))
        assert '/chat' in text_of(chromium, '#stacks h2')
        assert 'geheim' not in chromium.page_source
        chromium.execute_script('arguments[0].scrollIntoView()', table)
        keep_screenshot(chromium, 'live-page-websockets')
    wait_page(chromium, lambda _: not table.is_displayed())


def test_it_is_readable_on_a_phone(chromium, make_server):
    port = free_port()
    failing_server(make_server(), port)
    emulate(chromium, 'dark', 390, 844)
    try:
        chromium.get(f'http://127.0.0.1:{port}/')
        wait_page(chromium, lambda b: text_of(b, '#state') == 'running')
        width = chromium.execute_script('return document.documentElement.scrollWidth')
        assert width <= 390  # nothing overflows sideways
        wait_page(chromium, lambda b: 'LookupError' in text_of(b, '#failures'))
        assert is_in_view(chromium, 'LookupError') and is_in_view(chromium, 'ConnectionError')
        keep_screenshot(chromium, 'live-page-phone')
    finally:
        chromium.execute_cdp_cmd('Emulation.clearDeviceMetricsOverride', {})


def test_a_text_of_a_client_is_no_markup(chromium, make_server):
    port = free_port()
    made = make_server()
    made.write_app(HELLO.replace('def application(environ, start_response):', '''
def application(environ, start_response):
    raise ValueError('<img src=x onerror="document.title=1">')
'''))
    made.expect_error('failed')
    made.write_config({'metrics': {'listen': f'http://127.0.0.1:{port}'}})
    made.start()
    assert made.get('/').status == 500
    chromium.get(f'http://127.0.0.1:{port}/')
    wait_page(chromium, lambda b: '<img src=x' in text_of(b, '#failures'))
    assert chromium.title == 'geventd'
    assert not chromium.find_elements('css selector', '#failures img')


def test_the_page_may_load_nothing_else(server):
    running = server(HELLO, {'metrics': {'listen': 'http+unix:watch.sock'}})
    path = str(running.folder / 'watch.sock')
    with contextlib.closing(open_http(path, DEADLINE)) as connection:
        page = exchange(connection, 'GET', '/')
    assert page.header('content-type') == 'text/html; charset=utf-8'
    assert page.header('content-security-policy').startswith("default-src 'none'; ")
    assert not re.search(r'(src|href)\s*=|https?://(?!www\.w3\.org/2000/svg)|@import|url\(',
                         page.text)
