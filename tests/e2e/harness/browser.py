# SPDX-License-Identifier: MIT
"""A headless Chromium, driven by selenium; `./dev test --browser` installs both."""
import os
import pathlib
import shutil

import pytest

from harness.limits import BUILD

ARTEFACTS = pathlib.Path(os.environ.get('GEVENTD_ARTEFACTS', BUILD)) / 'screenshots'


def open_browser():
    """A browser, to be ended with quit(); skips the test if none is installed."""
    driver = shutil.which('chromedriver')
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        driver = None
    if driver is None:
        pytest.skip('there is no Chromium with selenium: run with ./dev test --browser')
    options = Options()
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                     '--no-proxy-server', '--window-size=1280,1000'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    return webdriver.Chrome(service=Service(driver), options=options)


def keep_screenshot(browser, name):
    """Saves a screenshot of the page, for people, next to the programs."""
    ARTEFACTS.mkdir(exist_ok=True)
    assert browser.save_screenshot(str(ARTEFACTS / f'{name}.png'))


def emulate(browser, scheme='light', width=None, height=None):
    """Sets the visitor's preferred colours, and a screen of that many pixels."""
    browser.execute_cdp_cmd('Emulation.setEmulatedMedia', {
        'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    if width is not None:
        browser.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 2, 'mobile': True})
