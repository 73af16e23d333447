// SPDX-License-Identifier: MIT
#include "master/master.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/closer.h"
#include "base/version.h"
#include "log/logger.h"
#include "master/process/reaper.h"

namespace geventd::master {

namespace {

// The alarm may be set for a moment that is over by now.
constexpr Duration kSoon = std::chrono::milliseconds(1);

// Workers tell of listeners that were shut down, each for itself and as often as they like.
constexpr Duration kRevivalPause = std::chrono::milliseconds(100);

// How often the master goes around its workers, at least.
constexpr Duration kRounds = std::chrono::milliseconds(500);

}  // namespace

Master::Master(config::Settings settings, Origin origin, Host& host)
    : settings_(std::move(settings)),
      origin_(std::move(origin)),
      host_(host),
      born_(Clock::now()),
      started_(std::chrono::system_clock::now()),
      clock_(loop_),
      alarm_(clock_),
      watchdog_(clock_),
      rounds_(clock_),
      unix_signals_(loop_, *this),
      listeners_(origin_.succession != nullptr
                     ? Listeners(settings_, origin_.succession->take_sockets())
                     : Listeners(settings_, take_activated_sockets())),
      log_file_(host.identity()),
      watchers_(loop_, clock_, page_source()),
      scoreboard_(shm::Region::create("geventd-scoreboard", sizeof(shm::Scoreboard))),
      slots_(shm::Scoreboard::format(scoreboard_.data(), scoreboard_.size())),
      signals_(loop_, clock_, settings_.signals,
               shm::Scoreboard::open(scoreboard_.data(), scoreboard_.size()), host.identity()),
      spawner_(host.identity()),
      surroundings_{loop_, spawner_, slots_, scoreboard_, *this, signals_},
      supervisor_(surroundings_),
      touched_(loop_, clock_, [this](const std::string& path) { on_file_change(path); }),
      sources_(loop_, clock_, [this](const std::string& path) { on_file_change(path); }),
      stack_desk_(loop_, clock_),
      observer_(clock_, slots_.board(), [this] { return supervisor_.status(); }),
      upgrade_(
          loop_, clock_, origin_.program, [this] { return signals_.table(); }, *this) {
    alarm_.bind<&Master::on_alarm>(this);
    watchdog_.bind<&Master::on_watchdog>(this);
    rounds_.bind<&Master::on_rounds>(this);
    become_subreaper();
    closer::start();
    if (origin_.succession != nullptr) {
        await_succession(*origin_.succession);
    } else {
        open_control({});
    }
    terminal_ = duplicate(STDERR_FILENO);
    log_file_.open(settings_.log);
    if (origin_.succession == nullptr) {
        watchers_.open(settings_.metrics);
    }
    if (host.watchdog_period()) {
        watchdog_.start(*host.watchdog_period());
    }
}

Master::~Master() {
    if (origin_.succession != nullptr) {
        origin_.succession->detach();
    }
}

ExitCode Master::run() {
    start_generation(settings_);
    settle();
    rounds_.start(kRounds);
    observer_.start();
    loop_.run();
    if (const std::uint64_t left = signals_.waiting(); left > 0) {
        log::warning("{} {} sent and never taken by a worker: gone with the server", left,
                     left == 1 ? "signal was" : "signals were");
    }
    log::info("geventd {} has stopped", kVersion);
    log::finish();
    return exit_code_;
}

void Master::on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept {
    if (signal.action != UnixAction::Reap) {
        log::info("{} from process {}", signal.name, sender);
    }
    switch (signal.action) {
        case UnixAction::Reload:
            reload({});
            break;
        case UnixAction::Stop:
            stopping_ ? stop_now() : stop();
            break;
        case UnixAction::StopNow:
            stop_now();
            break;
        case UnixAction::ReopenLogs:
            reopen_logs();
            break;
        case UnixAction::Upgrade:
            upgrade({});
            break;
        case UnixAction::MoreWorkers:
            change_workers(+1);
            break;
        case UnixAction::FewerWorkers:
            change_workers(-1);
            break;
        case UnixAction::Reap:
            for (const ChildExit& exit : reap_children()) {
                if (!upgrade_.on_exit(exit)) {
                    supervisor_.on_exit(exit);
                }
            }
            heed_demand();  // it may have been among the last words of one that left
            break;
    }
    settle();
}

void Master::on_demand(ipc::Demand demand) noexcept {
    if (demand == ipc::Demand::Revive) {
        revive_wanted_ = true;  // each worker says so of each socket
        return;
    }
    demand_ = std::max(demand, demand_.value_or(demand));  // to stop outweighs a reload
}

void Master::on_change() noexcept {
    heed_demand();
    settle();
}

void Master::heed_demand() {
    if (const auto demand = std::exchange(demand_, std::nullopt)) {
        log::info("the application asks for {}",
                  *demand == ipc::Demand::Stop ? "the end of the server" : "a reload");
        *demand == ipc::Demand::Stop ? stop() : reload({});
    }
}

void Master::on_alarm() noexcept {
    settle();
}

// Fed from the loop alone: a master that hangs lets the service manager's patience run out.
void Master::on_watchdog() noexcept {
    if (leads()) {
        host_.alive();
    }
    watchdog_.start(*host_.watchdog_period());
}

// Around the workers, to see whether their hubs turn. One that gets ready waits for the next time.
void Master::on_rounds() noexcept {
    if (control_ != nullptr) {
        control_->renew();
    }
    if (watchers_.have_lost()) {
        renew_watchers();
    }
    const TimePoint now = loop_.now();
    const TimePoint next = std::min(supervisor_.look_at_hubs(now), now + kRounds);
    rounds_.start(std::max<Duration>(next - now, kSoon));
    log::retry();
    host_.retry();
    settle();
}

void Master::settle() {
    upgrade_.check_deadline();
    revive_listeners();
    if (reload_again_ || upgrade_next_) {
        supersede();
    }
    if (origin_.succession != nullptr && supervisor_.is_slow()) {
        origin_.succession->slow();
    }
    if (const auto outcome = supervisor_.settle()) {
        on_outcome(*outcome);
    }
    if (origin_.succession != nullptr && supervisor_.could_serve()) {
        origin_.succession->ready();
    }
    renew_signals();
    if (may_go()) {
        loop_.stop();
        return;
    }
    set_alarm();
}

void Master::revive_listeners() {
    if (!revive_wanted_ || loop_.refresh_now() < next_revival_) {
        return;
    }
    revive_wanted_ = false;
    next_revival_ = loop_.now() + kRevivalPause;
    listeners_.revive();
}

void Master::set_alarm() {
    TimePoint next = std::min(supervisor_.next_deadline(), upgrade_.next_deadline());
    if (revive_wanted_) {
        next = std::min(next, next_revival_);
    }
    if (next == TimePoint::max()) {
        alarm_.cancel();
        return;
    }
    alarm_.start(std::max<Duration>(next - loop_.refresh_now(), kSoon));
}

void Master::stop() {
    if (std::exchange(stopping_, true)) {
        return;
    }
    if (leads()) {
        host_.stopping();
    } else if (origin_.succession != nullptr) {
        origin_.succession->failed("it was told to stop");
    }
    log::info("stopping: requests in flight are finished first");
    upgrade_.abort("the server stops");
    supervisor_.stop();
    listeners_.discard();
    refuse_reloads();
    refuse_upgrades("the server stops");
    settle();
}

void Master::stop_now() {
    stop();
    log::warning("stopping at once: requests in flight are cut");
    supervisor_.kill();
}

void Master::reopen_logs() {
    log_file_.reopen();
    hand_out_log();
}

void Master::hand_out_log() noexcept {
    if (!log_file_.is_file()) {
        return;
    }
    try {
        ipc::Message message;
        message.type = ipc::MessageType::Reopen;
        message.fds.push_back(duplicate(STDERR_FILENO));
        supervisor_.broadcast(message);
    } catch (const std::exception& error) {
        log::error("the workers go on in the former log: {}", error.what());
    }
}

Result<void> Master::pause(bool on) {
    if (stopping_) {
        return failure("the server stops");
    }
    if (supervisor_.is_paused() != on) {
        log::info("{}", on ? "paused: new connections wait until the server is resumed"
                           : "resumed: connections are accepted again");
        supervisor_.pause(on);
    }
    return {};
}

Result<void> Master::set_workers(int count) {
    Generation* serving = supervisor_.serving();
    if (serving == nullptr) {
        return failure("the server does not serve yet, or not any more");
    }
    if (supervisor_.is_rolling()) {
        return failure("a rolling reload is under way, which changes it worker by worker");
    }
    if (count < 1 || count > config::kMostProcesses) {
        return failure(
            fmt::format("the number of workers must be between 1 and {}", config::kMostProcesses));
    }
    log::info("{} workers from now on, {} before", count, serving->most_workers());
    serving->resize(count);
    settle();
    return {};
}

Result<void> Master::send_signal(int number, const std::string& payload) {
    if (number < 0 || number >= static_cast<int>(shm::kSignalNumbers)) {
        return failure("a signal's number is between 0 and 255");
    }
    return signals_.send(static_cast<std::uint8_t>(number), payload);
}

void Master::change_workers(int difference) {
    const Generation* serving = supervisor_.serving();
    const auto changed = set_workers(serving == nullptr ? 0 : serving->most_workers() + difference);
    if (!changed) {
        log::warning("{}", changed.error().message);
    }
}

std::vector<RequestStatus> Master::requests() const {
    return supervisor_.requests();
}

Result<void> Master::stacks(const std::string& of, StacksDone done) {
    const std::vector<StackDesk::Witness> witnesses = supervisor_.witnesses(of);
    if (witnesses.empty() && !of.empty()) {
        return failure(fmt::format("there is no worker and no request in flight called {}", of));
    }
    const bool is_worker = !of.empty() && witnesses.front().worker->is_called(of);
    return stack_desk_.collect(witnesses, is_worker ? "" : of, std::move(done));
}

Status Master::status() const {
    Status status;
    status.version = kVersion;
    status.pid = ::getpid();
    status.stopping = stopping_;
    status.paused = supervisor_.is_paused();
    status.uptime = Clock::now() - born_;
    status.started = started_;
    status.config = settings_.source;
    status.listeners = listeners_.status();
    status.reload = reload_;
    status.reloads = {reloads_.begin(), reloads_.end()};
    status.upgrade = {upgrade_status_, upgrade_.successor(),
                      origin_.succession == nullptr ? 0 : origin_.succession->former()};
    status.generations = supervisor_.status();
    status.signals = signals_.status();
    status.signal_memory = signals_.memory_status();
    status.locks = signals_.lock_status();
    observer_.complete(status);
    return status;
}

Status Master::full_status() {
    Status status = this->status();
    observer_.complete_memory(status);
    return status;
}

}  // namespace geventd::master
