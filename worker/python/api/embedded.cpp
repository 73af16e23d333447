// SPDX-License-Identifier: MIT
#include "worker/python/api/embedded.h"

#include "not_offered_py.h"
#include "paste_py.h"
#include "uwsgi_py.h"
#include "uwsgidecorators_py.h"
#include "worker/python/base/error.h"
#include "wsgi_websocket_py.h"

namespace geventd::py {

void offer_embedded_modules(const Interpreter& python) {
    const Ref sources = checked(Py_BuildValue("{ssssssssss}", "uwsgi", kUwsgiPy, "uwsgidecorators",
                                              kUwsgidecoratorsPy, "_geventd_not_offered",
                                              kNotOfferedPy, "_geventd_paste", kPastePy,
                                              "_geventd_wsgi_websocket", kWsgiWebsocketPy));
    checked(PyObject_CallOneArg(python.boot("offer_modules").get(), sources.get()));
}

}  // namespace geventd::py
