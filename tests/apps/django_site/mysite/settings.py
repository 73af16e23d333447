# SPDX-License-Identifier: MIT
import os

ALLOWED_HOSTS = ['*']
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'HOST': os.environ['PGHOST'],
        'NAME': os.environ['PGDATABASE'],
        'USER': os.environ['PGUSER'],
        'OPTIONS': {'application_name': os.environ['GEVENTD_TEST']},
    },
}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
INSTALLED_APPS = ['django.contrib.sessions', 'mysite']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']
ROOT_URLCONF = 'mysite.urls'
SECRET_KEY = 'only for tests'
USE_TZ = True
