# SPDX-License-Identifier: MIT
"""The five questions of docs/operating.md: the commands answer as the page shows."""
import re
import time

from harness.documents import REPOSITORY
from harness.limits import DEADLINE

TROUBLE = (REPOSITORY / 'examples/trouble/app.py').read_text()
ASKED = re.compile(r'^    \$ geventctl -c server.yaml (.*)\n((?:    .*\n|\n(?=    ))*)', re.M)


def written():
    """{question: (command, lines of its output)}"""
    manual = (REPOSITORY / 'docs/operating.md').read_text()
    found = {}
    for section in manual.partition('## Five questions')[2].partition('\n## ')[0].split('### ')[1:]:
        title, _, text = section.partition('\n')
        for command, output in ASKED.findall(text):
            found[title] = (command, [line[4:] for line in output.splitlines()])
    return found


def likeness(lines, folder):
    """The lines, with whatever differs from run to run replaced."""
    def alike(line):
        line = line.replace(f'{folder}/server.yaml', 'server.yaml')
        line = ' '.join(line.replace(str(folder), '/srv/app').split())
        if 'app.py' in line and '/srv/app/app.py:' not in line:
            return line  # stack lines must name the right program lines
        line = re.sub(r'\b[0-9a-f]{24}\b', 'ID', line)
        line = re.sub(r'\S+T\S+Z', 'WHEN', line)
        line = re.sub(r'File "/usr/\S+', 'File "PYTHON",', line)
        line = re.sub(r'\b\d[\d.]*(us|ms|s|K|M|G|m\d\ds)?(?![\d.]*\w*:\d)', '#', line)
        return re.sub(r'(?<=\s)-(?=\s|$)', '#', line)
    return [alike(line) for line in lines if line.strip()]


def test_the_five_questions(server):
    running = server(TROUBLE, {'app': 'app', 'workers': {'processes': 1, 'cores': 100},
                               'limits': {'blocked-hub': '1s'}})
    asked = written()
    assert list(asked) == ['What is slow?', 'What blocks?', 'What leaks?', 'What failed?']

    def compare(question):
        command, lines = asked[question]
        expected = likeness(lines, running.folder)
        end = time.monotonic() + DEADLINE
        while True:  # a request may not have arrived yet; on a busy machine a hub may be late
            answer = likeness(running.ctl(*command.split()).stdout.splitlines(), running.folder)
            if answer == expected or time.monotonic() > end:
                break
        assert answer == expected

    with running.raw() as searching, running.raw() as reporting:
        searching.send(b'GET /search?for=needle HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('has not turned for')
        running.wait_status(lambda s: s['workers'][0]['hub_blocked'])
        compare('What blocks?')
        (running.folder / 'found').touch()
        assert searching.read_answer().status == 200
        for _ in range(40):
            assert running.get('/order').status == 200
        running.wait_status(lambda s: s['workers'][0]['background'] == 40
                            and s['workers'][0]['cores_busy'] == 0)
        compare('What leaks?')
        running.expect_error('/basket failed')
        running.expect_error('the handler of signal 17 failed')
        assert running.get('/basket').status == 500
        running.wait_status(lambda s: s['failures'])  # only the newest of a second is remembered
        assert running.ctl('signal', '17').returncode == 0
        reporting.send(b'GET /report HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1 and s['failures']
                            and s['signals'][0]['failed'] == 1)
        compare('What is slow?')
        compare('What failed?')
        running.signal(3)  # SIGQUIT: nobody waits for /report
        running.wait_exit()
