# SPDX-License-Identifier: MIT
"""docs/tls.md, exactly as on the page but for the port."""
import subprocess

from harness import documents
from harness.apps import HELLO

PAGE = documents.examples('docs/tls.md')


def shell(script, folder):
    return subprocess.run(['sh', '-e'], input=script, text=True, cwd=folder, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def test_an_authority_of_ones_own(make_server):
    made = make_server()
    shell(PAGE['authority'], made.folder)
    made.write_app(HELLO)
    made.write_config(PAGE['first'].replace(':8443', '127.0.0.1:0')
                      + f'control: {made.control_path}\n')
    made.start()
    assert shell(PAGE['curl'].replace('8443', str(made.port())), made.folder) == 'hello'
