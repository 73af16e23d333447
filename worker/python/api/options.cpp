// SPDX-License-Identifier: MIT
#include "worker/python/api/options.h"

#include <string>

#include <fmt/core.h>

#include "net/address.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

class Options {
  public:
    Options() : dict_(checked(PyDict_New())) {}

    void text(const char* name, const std::string& value) {
        set(name, checked(PyBytes_FromStringAndSize(value.data(),
                                                    static_cast<Py_ssize_t>(value.size()))));
    }

    void given_text(const char* name, const std::string& value) {
        if (!value.empty()) {
            text(name, value);
        }
    }

    template <typename T>
    void number(const char* name, T value) {
        text(name, fmt::format("{}", value));
    }

    /// Only if it differs from geventd's default, because uWSGI's default may be another.
    template <typename T>
    void changed_number(const char* name, T value, T standard) {
        if (value != standard) {
            number(name, value);
        }
    }

    void flag(const char* name, bool on = true) {
        if (on) {
            set(name, Ref::borrow(Py_True));
        }
    }

    Ref release() { return std::move(dict_); }

  private:
    void set(const char* name, const Ref& value) {
        if (PyDict_SetItemString(dict_.get(), name, value.get()) < 0) {
            throw_pending();
        }
    }

    Ref dict_;
};

// uWSGI's addresses have no scheme.
std::string socket_name(const net::Address& address) {
    switch (address.family) {
        case net::Family::Unix:
            return address.path;
        case net::Family::Abstract:
            return "@" + address.path;
        case net::Family::Inet6:
            return address.host.empty() ? fmt::format(":{}", address.port)
                                        : fmt::format("[{}]:{}", address.host, address.port);
        case net::Family::Inet:
            break;
    }
    return fmt::format("{}:{}", address.host, address.port);
}

void add_listen(Options& options, const config::Listen& listen) {
    const bool http = listen.address.protocol == net::Protocol::Http;
    options.text(http ? "http-socket" : "socket", socket_name(listen.address));
    options.given_text("chmod-socket", listen.mode);
    options.given_text("chown-socket", listen.owner);
    options.changed_number("listen", listen.backlog, config::Listen{}.backlog);
}

void add_app(Options& options, const config::App& app, bool lazy) {
    const bool file = app.module.find('/') != std::string::npos || app.module.ends_with(".py") ||
                      app.module.ends_with(".wsgi");
    options.given_text(file ? "wsgi-file" : "module", app.module);
    for (const auto& [prefix, module] : app.mounts) {
        options.text("mount", fmt::format("{}={}", prefix, module));
    }
    options.flag("manage-script-name", !app.mounts.empty());
    options.given_text("chdir", app.chdir);
    options.given_text("virtualenv", app.virtualenv);
    for (const std::string& path : app.python_path) {
        options.text("pythonpath", path);
    }
    for (const auto& [name, value] : app.environment) {
        options.text("env", fmt::format("{}={}", name, value));
    }
    options.flag("lazy-apps", lazy);
    options.flag("gevent-early-monkey-patch",
                 app.monkey_patch.when == config::MonkeyPatchTime::BeforeLoad);
    options.flag("gevent-monkey-patch",
                 app.monkey_patch.when == config::MonkeyPatchTime::BeforeStart);
}

std::int64_t seconds(config::Milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

void add_workers(Options& options, const config::Workers& workers) {
    const config::Workers standard;
    options.number("processes", workers.processes);
    options.number("gevent", workers.cores);
    options.changed_number("max-requests", workers.max_requests, standard.max_requests);
    options.changed_number("max-requests-delta", workers.max_requests_jitter,
                           standard.max_requests_jitter);
    options.changed_number("max-worker-lifetime", seconds(workers.max_lifetime),
                           seconds(standard.max_lifetime));
    options.changed_number("reload-on-rss", workers.reload_on_rss >> 20U,  // uWSGI's are MiB
                           standard.reload_on_rss);
}

void add_limits(Options& options, const config::Limits& limits) {
    const config::Limits standard;
    options.changed_number("buffer-size", limits.request_head, standard.request_head);
    options.changed_number("max-vars", limits.header_fields, standard.header_fields);
    options.changed_number("harakiri", seconds(limits.request_time),
                           seconds(standard.request_time));
    options.changed_number("limit-post", limits.request_body, standard.request_body);
    options.changed_number("socket-timeout", seconds(limits.body_timeout),
                           seconds(standard.body_timeout));
    options.changed_number("worker-reload-mercy", seconds(limits.drain_requests),
                           seconds(standard.drain_requests));
}

}  // namespace

Ref uwsgi_options(const config::Settings& settings, bool lazy) {
    Options options;
    options.flag("master");
    options.flag("enable-threads");
    options.flag("py-call-uwsgi-fork-hooks");  // forks are told to Python: Sentry asks for this
    for (const config::Listen& listen : settings.listen) {
        add_listen(options, listen);
    }
    add_app(options, settings.app, lazy);
    add_workers(options, settings.workers);
    add_limits(options, settings.limits);
    if (settings.log.access == "off") {
        options.flag("disable-logging");
    } else {
        options.text("log-format", settings.log.access);
    }
    if (settings.log.file != config::Log{}.file) {
        options.text("logto", settings.log.file);
    }
    return options.release();
}

}  // namespace geventd::py
