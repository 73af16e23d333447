# SPDX-License-Identifier: MIT
"""A Django application of one view, with the middleware of a new project that needs no database."""
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='bench', DEBUG=False,
    LOGGING_CONFIG=None, INSTALLED_APPS=['django.contrib.contenttypes', 'django.contrib.auth'],
    MIDDLEWARE=['django.middleware.security.SecurityMiddleware',
                'django.middleware.common.CommonMiddleware',
                'django.middleware.csrf.CsrfViewMiddleware',
                'django.middleware.clickjacking.XFrameOptionsMiddleware'])
django.setup()


def hello(request):
    return HttpResponse('Hello, world!')


urlpatterns = [path('', hello), path('hello', hello)]
application = get_wsgi_application()
