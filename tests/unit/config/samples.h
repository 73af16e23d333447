// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/catalogue.h"

namespace geventd::config {

/// Each key with a value that is not its default. A key without an entry here fails the test.
inline const std::map<std::string, std::string>& samples() {
    static const std::map<std::string, std::string> kSamples{
        {"listen.address",
         "[{address: 'uwsgi+unix:/run/a b.sock'}, 'http://[::1]:0', 'http://:80']"},
        {"listen.backlog", "[{address: 'http://127.0.0.1:1', backlog: 7}]"},
        {"listen.ipv6-only", "[{address: 'http://[::]:1', ipv6-only: true}]"},
        {"listen.mode", "[{address: 'http+unix:/run/x', mode: '0660'}]"},
        {"listen.owner", "[{address: 'http+unix:/run/x', owner: 'www-data:www-data'}]"},
        {"listen.expect", "[{address: 'http://:1', expect: application}]"},
        {"listen.health", "[{address: 'http://:1', health: /healthz}]"},
        {"listen.systemd", "[{address: 'http://:1', systemd: web}]"},
        {"listen.forwarded-prefix",
         "[{address: 'http://:1', trusted-proxies: [unix], forwarded-prefix: true}]"},
        {"listen.trusted-proxies",
         "[{address: 'http://:1', trusted-proxies: [10.0.0.0/8, '::1', unix]}]"},
        {"app.module", "'other:app'"},
        {"app.mounts", "{/api: 'api:app', /a/b: c}"},
        {"app.chdir", "'/srv/ü \"quoted\" \\ back'"},
        {"app.virtualenv", "/srv/venv"},
        {"app.python", "3.10"},
        {"app.python-path", "[a, 'b, c', '#d', '', '${EMPTY}x']"},
        {"app.environment",
         "{A: '1', B: \"line\\nbreak\\ttab\\r\\x7f\", 'C D': '$${PORT}', E: '', F: '${DOLLAR}'}"},
        {"app.preload", "false"},
        {"app.monkey-patch", "[thread, socket]"},
        {"app.before-load", "[mypatches, 'psycogreen.gevent:patch_psycopg']"},
        {"app.reload-on-change", "true"},
        {"workers.processes", "17"},
        {"workers.memory-share", "1KiB"},
        {"workers.cores", "3"},
        {"workers.greenlet", "gevent"},
        {"workers.when-full", "reject"},
        {"workers.max-requests", "5000"},
        {"workers.max-requests-jitter", "500"},
        {"workers.max-lifetime", "24h"},
        {"workers.reload-on-rss", "300MiB"},
        {"workers.cheaper", "1"},
        {"limits.request-head", "1025"},
        {"limits.header-fields", "100"},
        {"limits.request-body", "3GiB"},
        {"limits.request-time", "3s"},
        {"limits.blocked-hub", "1s"},
        {"limits.kill-blocked-hub", "1m"},
        {"limits.header-timeout", "1ms"},
        {"limits.body-timeout", "61s"},
        {"limits.queue-time", "1s"},
        {"limits.keep-alive", "0"},
        {"limits.write-timeout", "90m"},
        {"limits.connections", "3"},
        {"limits.unsent", "1MiB"},
        {"limits.websockets", "3"},
        {"limits.websocket-origins", "['*.example.com']"},
        {"limits.websocket-message", "2MiB"},
        {"limits.websocket-ping", "0s"},
        {"limits.websocket-pong", "1m"},
        {"limits.websocket-compress", "1KiB"},
        {"limits.websocket-write", "1h"},
        {"limits.drain-websockets", "2m"},
        {"limits.body-rate", "1KiB"},
        {"limits.write-rate", "2KiB"},
        {"limits.drain-delay", "20s"},
        {"limits.drain-requests", "1500ms"},
        {"limits.drain-background", "24h"},
        {"limits.load-time", "24h"},
        {"limits.slow-load", "0s"},
        {"limits.fork-time", "1ms"},
        {"sticky.query", "sid"},
        {"sticky.cookie", "seat"},
        {"sticky.header", "X-Seat"},
        {"on-disconnect", "cancel"},
        {"metrics.hosts", "[metrics.example.com]"},
        {"metrics.listen", "'http+unix:/run/metrics.sock'"},
        {"metrics.saturation", "90"},
        {"metrics.agent", "'127.0.0.1:9192'"},
        {"metrics.uwsgi-stats", "'127.0.0.1:9191'"},
        {"log.level", "debug"},
        {"log.format", "json"},
        {"log.file", "/var/log/x.log"},
        {"log.access", "'${method} \"${path}\" ${status}'"},
        {"log.access-file", "/var/log/access.log"},
        {"log.access-when.status", "[4xx, '503']"},
        {"log.access-when.slower", "1s"},
        {"process.user", "www-data"},
        {"process.group", "games"},
        {"process.umask", "'027'"},
        {"process.pidfile", "/run/geventd.pid"},
        {"process.daemonize", "true"},
        {"signals.queue", "1000"},
        {"signals.payloads", "1MiB"},
        {"signals.concurrency", "7"},
        {"signals.max-attempts", "1"},
        {"signals.locks", "9"},
        {"signals.handler-time", "1m"},
        {"timers.every", "[{every: 1500ms, signal: 0}]"},
        {"timers.signal", "[{every: 10s, signal: 255}]"},
        {"timers.run", "[{every: 1s, run: 'a:b'}, {every: 2s, run: 'a.b:c.d'}]"},
        {"crons.at", "[{at: '*/5 2-4 * * mon', signal: 1}]"},
        {"crons.signal", "[{at: '@daily', signal: 17}]"},
        {"crons.run", "[{at: '@daily', run: 'a:b'}]"},
        {"monitors.path", "[{path: /srv/media, signal: 1}]"},
        {"monitors.signal", "[{path: x, signal: 1}]"},
        {"monitors.run", "[{path: x, run: 'a:b'}]"},
        {"static.path", "[{path: /, root: /srv}]"},
        {"static.root", "[{path: /a, root: /srv/files}]"},
        {"static.fallback", "[{path: /a, root: /srv, fallback: index.html}]"},
        {"static.index", "[{path: /a, root: /srv, index: none}]"},
        {"static.links", "[{path: /a, root: /srv, links: never}]"},
        {"static.precompressed", "[{path: /a, root: /srv, precompressed: false}]"},
        {"static.cache-control", "[{path: /a, root: /srv, cache-control: 'public, max-age=60'}]"},
        {"static.immutable", "[{path: /a, root: /srv, immutable: false}]"},
        {"static.types", "[{path: /a, root: /srv, types: {.foo: text/x-foo}}]"},
        {"sendfile.header", "[{header: x-accel-redirect, root: /srv}]"},
        {"sendfile.root", "[{root: /srv/files}]"},
        {"sendfile.path", "[{header: x-accel-redirect, root: /srv, path: /private}]"},
        {"hooks.post-fork", "'myapp.hooks:begin'"},
        {"hooks.worker-exit", "'a:b'"},
        {"hooks.drain-begins", "'a:b.c'"},
        {"hooks.worker-died", "'metrics:died'"},
        {"reload.strategy", "rolling"},
        {"reload.rollback", "false"},
        {"reload.touch", "[reload.me, 'a, b']"},
        {"control", "/run/x.ctl"},
    };
    return kSamples;
}

inline bool is_group(const std::string& path) {
    for (const std::string& other : all_keys()) {
        if (other.starts_with(path + ".")) {
            return true;
        }
    }
    return false;
}

inline std::string override_for(const std::string& path, const std::string& value) {
    for (const std::string list : {"listen", "timers", "crons", "monitors", "static", "sendfile"}) {
        if (path.starts_with(list + ".")) {
            return list + "=" + value;
        }
    }
    return path + "=" + value;
}

inline std::vector<std::string> leaf_keys() {
    std::vector<std::string> keys;
    for (const std::string& path : all_keys()) {
        if (!is_group(path)) {
            keys.push_back(path);
        }
    }
    return keys;
}

inline std::string key_test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

}  // namespace geventd::config
