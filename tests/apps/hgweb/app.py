# SPDX-License-Identifier: MIT
from mercurial.hgweb import hgweb

application = hgweb(b'repository')
