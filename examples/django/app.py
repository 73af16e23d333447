# SPDX-License-Identifier: MIT
"""A Django project in one file: sessions in signed cookies, a form, an upload. Before you add a
database, see docs/databases.md for drivers that wait through gevent."""
import hashlib
import os
import tempfile

import django
from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    ALLOWED_HOSTS=['*'],
    DEBUG=False,
    FILE_UPLOAD_TEMP_DIR=tempfile.gettempdir(),
    MIDDLEWARE=[
        'django.middleware.common.CommonMiddleware',
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.middleware.csrf.CsrfViewMiddleware',
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get('SECRET_KEY', 'only for this example'),
    SESSION_ENGINE='django.contrib.sessions.backends.signed_cookies',
    USE_TZ=True,
)
django.setup()

FORM = '''<!doctype html>
<title>geventd and Django</title>
<p>You were here {visits} times, {name}.</p>
<form method="post" action="/name"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">
<input name="name"><button>That is me</button></form>
'''


def index(request):
    visits = request.session['visits'] = request.session.get('visits', 0) + 1
    return HttpResponse(FORM.format(
        visits=visits, name=request.session.get('name', 'stranger'), token=get_token(request)))


def name(request):
    request.session['name'] = request.POST['name']
    return HttpResponseRedirect('/')


@csrf_exempt  # so that `curl -F file=@x` can be tried
def upload(request):
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    file = request.FILES['file']
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    return JsonResponse({'name': file.name, 'size': file.size, 'sha256': digest.hexdigest()})


urlpatterns = [path('', index), path('name', name), path('upload', upload)]
application = get_wsgi_application()
