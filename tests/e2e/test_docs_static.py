# SPDX-License-Identifier: MIT
"""docs/static.md, exactly as on the page but for the port."""
import re
import shutil
import subprocess

import pytest

from harness import apps, documents
from harness.limits import EXAMPLES, PYTHON

PAGE = documents.examples('docs/static.md')


@pytest.fixture
def start(make_server):
    """start(name, files): the configuration of that name beside these files."""
    def start(name, files):
        made = make_server()
        for path, text in files.items():
            made.write_app(text, path)
        settings = PAGE[name].replace("8000", "0")
        made.write_config(f"{settings}control: {made.control_path}\n")
        return made.start()
    return start


def test_five_lines(start):
    running = start('five-lines', {'app.py': apps.HELLO, 'static/css/site.css': 'a {}'})
    assert running.get('/static/css/site.css').text == 'a {}'
    assert running.get('/staticfiles').text == 'hello'


SETTINGS = '''
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
INSTALLED_APPS = ['django.contrib.staticfiles']
STATICFILES_DIRS = [BASE_DIR / 'assets']
SECRET_KEY = 'x'
ALLOWED_HOSTS = ['*']
ROOT_URLCONF = 'mysite.urls'
TEMPLATES = []
'''
FORMER = "\nSTATICFILES_STORAGE = STORAGES['staticfiles']['BACKEND']\n"
URLS = '''
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import path

urlpatterns = [path('', lambda request: HttpResponse(static('app.css')))]
'''
WSGI = '''
import os
from django.core.wsgi import get_wsgi_application

os.environ['DJANGO_SETTINGS_MODULE'] = 'mysite.settings'
application = get_wsgi_application()
'''


def test_django(make_server):
    import django
    made = make_server()
    settings = SETTINGS + PAGE['django-settings'] + (FORMER if django.VERSION < (4, 2) else '')
    for path, text in {'settings': settings, 'urls': URLS, 'wsgi': WSGI, '__init__': ''}.items():
        made.write_app(text, f'mysite/{path}.py')
    made.write_app('a { color: red }', 'assets/app.css')
    subprocess.run([PYTHON, '-m', 'django', 'collectstatic', '--noinput', '-v0'], check=True,
                   cwd=made.folder, env={'DJANGO_SETTINGS_MODULE': 'mysite.settings',
                                         'PYTHONPATH': str(made.folder)})
    made.write_config(PAGE['django'].replace('8000', '0') + f'control: {made.control_path}\n')
    running = made.start()
    url = running.get('/').text
    assert re.fullmatch(r'/static/app\.[0-9a-f]{12}\.css', url)
    answer = running.get(url)
    assert answer.text == 'a { color: red }' and 'immutable' in answer.header('cache-control')
    assert running.get('/static/app.css').header('cache-control') is None


def test_single_page_applications(start):
    running = start('spa', {'app.py': apps.HELLO, 'dist/index.html': 'page',
                            'dist/assets/index-BfH2a9_x.js': 'script'})
    assert [running.get(path).text for path in ('/', '/users/7', '/apis')] == ['page'] * 3
    script = running.get('/assets/index-BfH2a9_x.js')
    assert script.text == 'script' and 'immutable' in script.header('cache-control')
    assert running.get('/assets/gone.js').status == 404
    assert running.get('/api/users/7').text == 'hello'


def test_flask(start):
    running = start('sendfile', {'app.py': PAGE['flask'], 'private/7.pdf': 'invoice'})
    answer = running.get('/invoices/7')
    assert (answer.text, answer.header('content-type')) == ('invoice', 'application/pdf')
    assert answer.header('x-sendfile') is None


DJANGO = '''
from django.conf import settings

settings.configure(ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='x', INSTALLED_APPS=[
    'django.contrib.auth', 'django.contrib.contenttypes'])
{view}

from django.core.wsgi import get_wsgi_application
from django.urls import path

application = get_wsgi_application()


class Somebody:
    is_authenticated = True


class LogIn:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.user = Somebody()
        return self.get_response(request)


settings.MIDDLEWARE = ['app.LogIn']
urlpatterns = [path('<name>', invoice)]
application.load_middleware()
'''


def test_a_view_of_django(start):
    running = start('sendfile', {'app.py': DJANGO.replace('{view}', PAGE['django-view']),
                                 'private/a b.pdf': 'invoice'})
    answer = running.get('/a%20b.pdf')
    assert (answer.text, answer.header('content-type')) == ('invoice', 'application/pdf')


def test_the_example(make_server):
    made = make_server()
    shutil.copytree(EXAMPLES / 'files', made.folder, dirs_exist_ok=True)
    made.start(['-c', 'server.yaml', '--set', 'listen=http://127.0.0.1:0', '--set',
                f'control={made.control_path}'])
    assert 'font' in made.get('/style.css').text
    assert '<form' in made.get('/').text
    assert made.get('/letter?word=now').status == 403
    assert 'please' in made.get('/letter?word=please').text
    assert '<form' in made.get('/letter.txt').text
