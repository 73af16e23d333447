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
            assert 'geheim' not in chromium.page_source
            for scheme in ('light', 'dark'):
                emulate(chromium, scheme)
                keep_screenshot(chromium, f'live-page-{scheme}')
            while text_of(chromium, '#requests') and 'GET /hold' in text_of(chromium, '#requests'):
                made.get('/release')
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
    assert str(made.pid) != former and complaints(chromium) == []


def test_it_is_readable_on_a_phone(chromium, make_server):
    port = free_port()
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'metrics': {'listen': f'http://127.0.0.1:{port}'}})
    made.start()
    emulate(chromium, 'dark', 390, 844)
    try:
        chromium.get(f'http://127.0.0.1:{port}/')
        wait_page(chromium, lambda b: text_of(b, '#state') == 'running')
        width = chromium.execute_script('return document.documentElement.scrollWidth')
        assert width <= 390  # nothing overflows sideways
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
