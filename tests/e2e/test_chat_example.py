# SPDX-License-Identifier: MIT
"""examples/chat: what one says is heard by the clients of all workers, also in a browser."""
import contextlib

import pytest

from harness.browser import keep_screenshot, open_browser
from harness.limits import DEADLINE, REPOSITORY
from harness.websockets import BINARY, CLOSE, TEXT, RawSocket, connect


@pytest.fixture
def chat(server):
    return server(REPOSITORY / 'examples/chat',
                  {'app': {'module': 'app:application'}, 'workers': {'processes': 2},
                   'limits': {'websocket-write': '1s'}})


def open_ones(running):
    return sum(worker['websockets'] for worker in running.status()['workers'])


def on_both_workers(running, join, most=50):
    """Calls join() until both workers have a WebSocket."""
    for _ in range(most):
        join()
        status = running.status()
        if sum(worker['websockets'] > 0 for worker in status['workers']) == 2:
            return
    raise AssertionError('one worker gets all clients')


def test_messages_cross_workers(chat):
    with contextlib.ExitStack() as stack:
        clients = []

        def join():
            clients.append(stack.enter_context(contextlib.closing(connect(chat))))

        on_both_workers(chat, join)
        clients[0].send('Köln')
        assert [client.recv() for client in clients] == ['Köln'] * len(clients)


def test_a_client_that_does_not_read_holds_up_nobody(chat):
    text = 'x' * 4000
    with contextlib.ExitStack() as stack:
        def join():
            stack.enter_context(RawSocket(chat.address(), receive_buffer=4096))

        on_both_workers(chat, join)
        speaker = stack.enter_context(contextlib.closing(connect(chat)))
        while open_ones(chat) > 1:  # until those who do not read are away
            for _ in range(100):
                speaker.send(text)
                assert speaker.recv() == text


@pytest.mark.parametrize('wrong', [b'bytes', 'x' * 4097])
def test_what_is_no_short_text_ends_the_connection(chat, wrong):
    with contextlib.closing(connect(chat)) as client:
        client.send(wrong, BINARY if isinstance(wrong, bytes) else TEXT)
        assert client.recv_data() == (CLOSE, b'\x03\xeba text of at most 4096 characters, please')


def test_two_browsers_talk(chat):
    browser = open_browser()  # or skips
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait
    try:
        def join():
            browser.switch_to.new_window('tab')
            browser.get(chat.url('/'))
            WebDriverWait(browser, DEADLINE).until(lambda _: 'connected' in lines())

        def lines():
            return [item.text for item in browser.find_elements(By.TAG_NAME, 'li')]

        browser.get('about:blank')
        on_both_workers(chat, join)
        tabs = browser.window_handles[1:]
        browser.find_element(By.TAG_NAME, 'input').send_keys('Grüße')
        browser.find_element(By.TAG_NAME, 'button').click()
        for tab in tabs:
            browser.switch_to.window(tab)
            WebDriverWait(browser, DEADLINE).until(lambda _: lines() == ['connected', 'Grüße'])
        keep_screenshot(browser, 'chat')
    finally:
        browser.quit()
