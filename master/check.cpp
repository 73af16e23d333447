// SPDX-License-Identifier: MIT
#include "master/check.h"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "config/drain_time.h"
#include "config/memory_share.h"
#include "config/text/units.h"
#include "event/loop.h"
#include "master/certificates/certificate_files.h"
#include "master/host/host.h"
#include "master/host/journal.h"
#include "master/host/kernel_limits.h"
#include "master/host/log_target.h"
#include "master/host/syslog_socket.h"
#include "master/interpreter/find_worker.h"
#include "master/listen/listen_options.h"
#include "master/process/child_exit.h"
#include "master/process/spawner.h"
#include "master/supervise/launch_kit.h"
#include "master/supervise/preload_words.h"
#include "master/supervise/standstill.h"
#include "shm/region.h"

namespace geventd::master {

namespace {

#ifdef GEVENTD_WEBSOCKET
constexpr bool kHasWebSocket = true;
#else
constexpr bool kHasWebSocket = false;
#endif

class NoListener final : public ChangeListener {
  public:
    void on_change() noexcept override {}

    void on_demand(ipc::Demand) noexcept override {}

    void on_sources(const std::string&) noexcept override {}
};

struct Verdict {
    std::string fault;  ///< empty when the application was loaded
    std::string connections;
};

/// Loads the application in a process of its own and waits for its verdict.
class Trial final : private Standstill::Process {
  public:
    Trial(Processes& processes, Processes::Spawned& spawned)
        : processes_(processes), spawned_(spawned), watch_(*this) {}

    Verdict await(const config::Limits& limits) {
        watch_.begin(processes_.now(), "loading the application",
                     {limits.slow_load, limits.load_time});
        while (!is_over()) {
            pollfd watched{spawned_.channel.fd(), POLLIN, 0};
            ::poll(&watched, 1, until_look());
            watch_.look(processes_.now());
            if (watch_.is_over() && !is_over()) {
                verdict_.fault = "it takes longer than limits.load-time; " + watch_.place();
                processes_.kill(spawned_.pid);
                break;
            }
        }
        return std::move(verdict_);
    }

  private:
    // Reads all pending messages; true when the verdict is among them.
    bool is_over() {
        for (;;) {
            ipc::Message message;
            const auto state = spawned_.channel.receive(message);
            if (!state || *state == ipc::Channel::State::Closed) {
                verdict_.fault = state ? "the process ended" : state.error().message;
                return true;
            }
            if (*state == ipc::Channel::State::Empty) {
                return false;
            }
            if (take(message)) {
                return true;
            }
        }
    }

    bool take(ipc::Message& message) {
        if (message.type == ipc::MessageType::Failed) {
            verdict_.fault = std::move(message.text);
        } else if (message.type == ipc::MessageType::Connected) {
            verdict_.connections = std::move(message.text);
        } else if (message.type == ipc::MessageType::Stacks && !message.fds.empty()) {
            watch_.open(std::move(message.fds[0]));
        }
        return message.type == ipc::MessageType::Failed || message.type == ipc::MessageType::Loaded;
    }

    [[nodiscard]] int until_look() const {
        if (watch_.next_look() == TimePoint::max()) {
            return -1;
        }
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(watch_.next_look() - processes_.now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }

    void ask_for_stack(ipc::StackOf which) override {
        processes_.ask_for_stack(spawned_.pid, which);
    }

    [[nodiscard]] char process_state() const override { return processes_.state(spawned_.pid); }

    [[nodiscard]] std::string subject() const override { return "the application's process"; }

    Processes& processes_;
    Processes::Spawned& spawned_;
    Standstill watch_;
    Verdict verdict_;
};

std::string tell_of_stopping(const config::Limits& limits) {
    const bool for_requests = limits.drain_requests >= limits.drain_websockets;
    return fmt::format(
        "a stop takes {} at most: limits.drain-delay {}, {} {}, drain-background {}, and a few "
        "seconds for what follows",
        config::format_duration(config::whole_stop(limits)),
        config::format_duration(limits.drain_delay),
        for_requests ? "drain-requests" : "drain-websockets",
        config::format_duration(std::max(limits.drain_requests, limits.drain_websockets)),
        config::format_duration(limits.drain_background));
}

ChildExit await_exit(pid_t pid) {
    ChildExit exit{pid, 0};
    while (::waitpid(pid, &exit.status, 0) < 0 && errno == EINTR) {
    }
    return exit;
}

}  // namespace

CheckReport check_application(const config::Settings& settings) {
    event::Loop loop;
    auto identity = find_identity(settings.process);
    if (!identity) {
        throw std::runtime_error(identity.error().message);
    }
    wanted_sockets(settings, *identity);  // throws for users and groups unknown to this host
    const Certification certification = read_certification(settings.listen);
    refuse_untimely(certification.statuses);
    if (config::is_log_path(settings.log.file)) {
        check_log_target(settings.log.file, *identity);
    }
    if (settings.log.file == "journald") {
        open_journal();
    } else if (settings.log.file == "syslog") {
        const SyslogSocket tried;
    }
    if (config::is_access_path(settings.log.access_file)) {
        check_log_target(settings.log.access_file, *identity, "log.access-file");
    }
    WorkerProgram program = find_worker(settings.app, *identity);
    Spawner spawner(std::move(*identity));
    const shm::Region scoreboard =
        shm::Region::create("geventd-scoreboard", sizeof(shm::Scoreboard));
    SlotPool slots(shm::Scoreboard::format(scoreboard.data(), scoreboard.size()));
    NoListener listener;
    event::DeadlineClock clock(loop);
    Signals signals(loop, clock, settings.signals,
                    shm::Scoreboard::open(scoreboard.data(), scoreboard.size()));
    const Services services{loop, spawner, slots, scoreboard, listener, signals};
    std::vector<std::string> notes = fit_kernel_limits(settings);  // inherited by the child
    notes.insert(notes.end(), certification.warnings.begin(), certification.warnings.end());
    notes.push_back(fmt::format("the application runs on {}", program.text()));
    LaunchKit kit(services, settings, {0, std::move(program), {}});
    auto spawned = kit.launch(ipc::Role::Check);
    Verdict verdict = Trial(spawner, spawned).await(settings.limits);
    spawned.channel.release().reset();
    const ChildExit exit = await_exit(spawned.pid);
    if (verdict.fault == "the process ended") {
        verdict.fault += ": " + describe(exit);
    }
    if (!kHasWebSocket) {
        notes.emplace_back(
            "this geventd was built without wslay: requests that ask for a WebSocket are answered "
            "like others");
    }
    notes.push_back(tell_of_loading(settings.app.preload, verdict.connections));
    notes.push_back(tell_of_stopping(settings.limits));
    if (settings.workers.memory_share > 0) {
        notes.push_back(config::tell_of_memory(settings.workers));
    }
    return {std::move(verdict.fault), std::move(notes)};
}

}  // namespace geventd::master
