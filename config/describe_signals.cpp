// SPDX-License-Identifier: MIT
// The keys below `signals`, `timers`, `crons`, `monitors` and `hooks`.
#include "config/describe.h"
#include "config/describe_words.h"
#include "config/special_values.h"
#include "config/values.h"
#include "schedule/cron_entry.h"

namespace geventd::config {

namespace {

using namespace std::chrono_literals;

std::string not_empty(const std::string& text) {
    return text.empty() ? "is an empty text" : "";
}

std::string cron_entry(const std::string& text) {
    if (text.empty()) {
        return "";
    }
    const auto entry = schedule::CronEntry::parse(text);
    if (!entry) {
        return "is no crontab entry: " + entry.error().message;
    }
    return entry->is_possible() ? "" : "is a date that never comes";
}

std::string function_name(const std::string& text) {
    const auto colon = text.find(':');
    const bool fine = colon != std::string::npos && colon > 0 && colon + 1 < text.size() &&
                      text.rfind(':') == colon && text.find_first_of(" ()") == std::string::npos;
    return fine || text.empty() ? "" : "'" + text + "' is no module:function";
}

void describe_sends(Visitor& v, ScheduledSignal& s) {
    v.key("signal", SignalNumber(s.signal), kNow, "The number of the signal that is sent.");
    v.key("run", Text(s.run, "a function such as jobs:tick", function_name), kNow,
          "The function that is called with the signal's number; instead of signal. It gets a "
          "number of its own, counted from 255 downwards.");
    v.internal("number", Integer(s.number, 0, 255));
}

Text hook(std::string& member) {
    return {member, "a function such as myapp.hooks:begin", function_name};
}

}  // namespace

void describe(Visitor& v, Signals& s) {
    v.key("queue", Integer(s.queue, 64, 1 << 20), kRestart,
          "Unfinished signals that each process may have sent, rounded up to a power of two; more "
          "are refused with QueueFull.");
    v.key("payloads", Size(s.payloads, 64 * kKiB, 256 * kMiB), kRestart,
          "Bytes of payloads in the unfinished signals that each process has sent.");
    v.key("concurrency", Integer(s.concurrency, 1, 100'000), kGeneration,
          "Signal handlers that run in a worker at the same time; further signals wait for any "
          "worker with room.");
    v.key("max-attempts", Integer(s.max_attempts, 1, 200), kRestart,
          "How many workers may die while they run a signal's handler, before the signal is set "
          "aside and logged.");
    v.key("locks", Integer(s.locks, 1, 10'000), kRestart,
          "Locks that the workers share, numbered from 0.");
    v.key("handler-time", Time(s.handler_time, 0ms, 30 * kDay), kGeneration,
          "The time that a signal's handler may take; then geventd.RequestTimeout is raised in its "
          "greenlet. 0: no limit.");
}

void describe(Visitor& v, Timer& s) {
    v.key("every", Period(s.every), kNow, "The time between two signals.");
    describe_sends(v, s.sends);
}

void describe(Visitor& v, Cron& s) {
    v.key("at", Text(s.at, "a crontab's five fields, such as \"*/5 2-4 * * mon\"", cron_entry),
          kNow,
          "When the signal is sent, by local time: minute, hour, day, month and weekday as in a "
          "crontab, or @hourly, @daily, @weekly, @monthly, @yearly.");
    describe_sends(v, s.sends);
}

void describe(Visitor& v, Monitor& s) {
    v.key("path", Text(s.path, "the path of a file or directory", not_empty), kNow,
          "The file or directory whose changes send the signal; relative to the configuration "
          "file's folder.");
    describe_sends(v, s.sends);
}

void describe(Visitor& v, Hooks& s) {
    v.key("post-fork", hook(s.post_fork), kGeneration,
          "Called in each worker before it serves, also with app.preload: false. If it raises, the "
          "worker cannot work.");
    v.key("worker-exit", hook(s.worker_exit), kGeneration,
          "Called in each worker that ends by itself, when its requests and background greenlets "
          "have ended.");
    v.key("drain-begins", hook(s.drain_begins), kGeneration,
          "Called in a background greenlet of each worker that is told to finish its requests and "
          "end.");
    v.key("worker-died", hook(s.worker_died), kGeneration,
          "Called with the pid of a worker that has ended and the reason, a text, in another "
          "worker; at least once, as a signal of the server. Not for those that end in a stop or "
          "after an upgrade.");
    v.internal("death-signal", SignalNumber(s.death_signal));
}

}  // namespace geventd::config
