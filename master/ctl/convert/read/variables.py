# SPDX-License-Identifier: MIT
"""Words of a command line that are a variable and nothing else, in geventd's spelling: what they
hold is known only at the start."""
import re
import shlex

VARIABLE = re.compile(r'\$\{(\w+)(?::-([^{}]*))?\}')
OUTPUT = re.compile(r'\$\(.*\)|`.*`', re.S)
UNQUOTED = re.compile(r'\$\{\w+:-[^{}"\']*\}|\$\([^()"\']*\)|`[^`"\']*`')
SPACE = '\ue001'  # in the default of a variable, while a line is split


def shell_words(text):
    """The words of a line; a variable stays whole, whatever its default."""
    whole = UNQUOTED.sub(lambda match: match[0].replace(' ', SPACE), text)
    return [word.replace(SPACE, ' ') for word in shlex.split(whole, comments=True)]


def is_variable(word):
    """The output of another command is as open."""
    return VARIABLE.fullmatch(word) is not None or OUTPUT.fullmatch(word) is not None


def default_of(word):
    """What the shell puts in when the variable is not set; '' for nothing."""
    match = VARIABLE.fullmatch(word)
    return match[2] or '' if match else ''


def default_words(word):
    """The options that the variable holds by default; [] if those are none."""
    default = default_of(word)
    try:
        return shlex.split(default) if default.startswith('-') else []
    except ValueError:
        return []


def may_hold_options(word):
    """The remark on such a word."""
    return f'{word} may hold further options; add them by hand.'


def application_among(words):
    """The variable that most likely holds the application; '' if none can."""
    candidates = [word for word in words if VARIABLE.fullmatch(word)
                  and not default_of(word).startswith('-') and not word.endswith(':-}')]
    named = [word for word in candidates if ':' in default_of(word)
             or re.match(r'\$\{\w*(APP|MODULE|WSGI)', word, re.I)]
    return (named or candidates or [''])[0]
