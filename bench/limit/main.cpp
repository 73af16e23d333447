// SPDX-License-Identifier: MIT
// The cheapest possible WSGI server on libev and gevent's hub; see the README.
#include <Python.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "limit/wsgi.h"
#include "worker/python/base/error.h"
#include "worker/python/base/stack_chunks.h"

namespace geventd::limit {

namespace {

struct ev_loop* loop = nullptr;
bool uwsgi = false;

int listen_on(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 2048) != 0) {
        throw std::runtime_error("cannot listen on port " + std::to_string(port));
    }
    return fd;
}

void on_connection(struct ev_loop*, ev_io* watcher, int) {
    for (int i = 0; i < 64; ++i) {
        const int fd = ::accept4(watcher->fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        // Deletes itself at its end.
        (new Connection(loop, fd, uwsgi))->on_readable();
    }
}

PyObject* turn(PyObject*, PyObject*) {
    do {
        loop_changed = false;
        ev_run(loop, EVRUN_NOWAIT);
    } while (loop_changed);
    Py_RETURN_NONE;
}

// libev's epoll descriptor: an ev_embed watcher keeps it in a public field.
int backend_fd() {
    struct ev_loop* outer =
        ev_loop_new(static_cast<unsigned>(EVBACKEND_SELECT) | static_cast<unsigned>(EVFLAG_NOENV));
    ev_embed embed;
    ev_embed_init(&embed, nullptr, loop);
    ev_embed_start(outer, &embed);
    const int fd = embed.io.fd;
    ev_embed_stop(outer, &embed);
    ev_loop_destroy(outer);
    return fd;
}

void start_python() {
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    config.install_signal_handlers = 0;
    PyConfig_SetBytesString(&config, &config.program_name, GEVENTD_PYTHON);
    const PyStatus status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status) != 0) {
        throw std::runtime_error("cannot start Python");
    }
}

void serve(char** arguments) {
    uwsgi = std::string(arguments[0]) == "uwsgi";
    const int port = std::atoi(arguments[1]);
    const std::string module(arguments[2]);
    const std::size_t colon = module.find(':');
    // Never destroyed: the interpreter is not, either.
    [[maybe_unused]] static py::StackChunks* const chunks =
        std::make_unique<py::StackChunks>().release();
    start_python();
    const py::Ref folder = py::checked(PyUnicode_FromString(arguments[3]));
    PyList_Insert(PySys_GetObject("path"), 0, folder.get());
    py::checked(PyObject_CallNoArgs(py::imported("gevent.monkey", "patch_all").get()));
    py::Ref hub = py::checked(PyObject_CallNoArgs(py::imported("gevent", "get_hub").get()));
    const py::Ref hub_loop = py::checked(PyObject_GetAttrString(hub.get(), "loop"));
    const py::Ref wait = py::imported("gevent", "wait");
    prepare(py::imported(module.substr(0, colon).c_str(), module.substr(colon + 1).c_str()),
            std::move(hub), port, uwsgi);
    loop =
        ev_loop_new(static_cast<unsigned>(EVBACKEND_EPOLL) | static_cast<unsigned>(EVFLAG_NOENV));
    ev_io listener;
    ev_io_init(&listener, on_connection, listen_on(port), EV_READ);
    ev_io_start(loop, &listener);
    ev_run(loop, EVRUN_NOWAIT);
    static PyMethodDef definition{"turn", turn, METH_NOARGS, nullptr};
    const py::Ref callback = py::checked(PyCFunction_New(&definition, nullptr));
    const py::Ref watcher =
        py::checked(PyObject_CallMethod(hub_loop.get(), "io", "ii", backend_fd(), 1));
    py::checked(PyObject_CallMethod(watcher.get(), "start", "O", callback.get()));
    py::checked(PyObject_CallNoArgs(wait.get()));
}

}  // namespace

}  // namespace geventd::limit

int main(int count, char** arguments) {
    if (count != 5) {
        std::fputs("limit http|uwsgi PORT MODULE:NAME FOLDER\n", stderr);
        return 2;
    }
    try {
        geventd::limit::serve(arguments + 1);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
