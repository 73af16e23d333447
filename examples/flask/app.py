# SPDX-License-Identifier: MIT
"""A Flask application with a session, a form and an upload."""
import hashlib
import os

import flask

application = flask.Flask(__name__)
application.secret_key = os.environ.get('SECRET_KEY', 'only for this example')

FORM = '''<!doctype html>
<title>geventd and Flask</title>
<p>You were here {{ visits }} times, {{ name or "stranger" }}.</p>
<form method="post" action="/name"><input name="name"><button>That is me</button></form>
<form method="post" action="/upload" enctype="multipart/form-data">
<input type="file" name="file"><button>Upload</button></form>
'''


@application.get('/')
def index():
    flask.session['visits'] = flask.session.get('visits', 0) + 1
    return flask.render_template_string(
        FORM, visits=flask.session['visits'], name=flask.session.get('name'))


@application.post('/name')
def name():
    flask.session['name'] = flask.request.form['name']
    return flask.redirect('/')


@application.post('/upload')
def upload():
    file = flask.request.files['file']
    digest, size = hashlib.sha256(), 0
    while piece := file.stream.read(65536):
        digest.update(piece)
        size += len(piece)
    return {'name': file.filename, 'size': size, 'sha256': digest.hexdigest()}
