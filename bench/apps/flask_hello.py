# SPDX-License-Identifier: MIT
"""The smallest Flask application."""
import flask

application = flask.Flask(__name__)


@application.route('/')
@application.route('/hello')
def hello():
    return 'Hello, world!'
