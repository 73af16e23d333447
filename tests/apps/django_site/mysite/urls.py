# SPDX-License-Identifier: MIT
"""Each view reports which connection to the database server it used."""
from django.db import connection, transaction
from django.http import JsonResponse
from django.urls import path

from mysite.models import Counter


def ask(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()


def sleep(request):
    """Holds its connection for 0.2 s; reports begin and end by the database's clock."""
    began, pid = ask('SELECT extract(epoch FROM clock_timestamp())::float8, pg_backend_pid()')
    ask('SELECT pg_sleep(0.2)')
    ended, again = ask('SELECT extract(epoch FROM clock_timestamp())::float8, pg_backend_pid()')
    return JsonResponse({'began': began, 'ended': ended, 'pids': [pid, again]})


def hold(request):
    """Waits inside the database until nobody holds the lock exclusively."""
    pid, _ = ask('SELECT pg_backend_pid(), pg_advisory_lock_shared(1)')
    again, _ = ask('SELECT pg_backend_pid(), pg_advisory_unlock_shared(1)')
    return JsonResponse({'pids': [pid, again]})


@transaction.atomic
def count(request, name):
    counter = Counter.objects.select_for_update().get(name=name)
    counter.value += 1
    counter.save()
    return JsonResponse({'value': counter.value})


def visit(request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return JsonResponse({'visits': request.session['visits']})


def fail(request):
    ask('SELECT 1 / 0')


urlpatterns = [path('sleep', sleep), path('hold', hold), path('count/<name>', count),
               path('visit', visit), path('fail', fail)]
