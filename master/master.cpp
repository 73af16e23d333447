// SPDX-License-Identifier: MIT
#include "master/master.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/closer.h"
#include "base/version.h"
#include "config/drain_time.h"
#include "config/text/units.h"
#include "log/escape.h"
#include "log/logger.h"
#include "master/control/commands.h"
#include "master/process/reaper.h"

namespace geventd::master {

namespace {

// The next deadline may have passed already; a timer needs a positive delay.
constexpr Duration kSoon = std::chrono::milliseconds(1);

// The longest time between two rounds of checks.
constexpr Duration kRounds = std::chrono::milliseconds(500);

}  // namespace

// Members are constructed in the order of declaration: the sockets come early, so that an address
// in use ends the start before anything else has happened.
Master::Master(config::Settings settings, Origin origin, Host& host)
    : host_(host),
      clock_(loop_),
      alarm_(clock_),
      watchdog_(clock_),
      rounds_(clock_),
      drain_delay_(clock_),
      unix_signals_(loop_, *this),
      listeners_(origin.succession != nullptr
                     ? Listeners(settings, host.identity(), origin.succession->take_sockets())
                     : Listeners(settings, host.identity(), take_activated_sockets())),
      log_file_(loop_, clock_, host.identity(),
                [this](const ipc::Message& message) { supervisor_.broadcast(message); }),
      scoreboard_(shm::Region::create("geventd-scoreboard", sizeof(shm::Scoreboard))),
      slots_(shm::Scoreboard::format(scoreboard_.data(), scoreboard_.size())),
      signals_(loop_, clock_, settings.signals,
               shm::Scoreboard::open(scoreboard_.data(), scoreboard_.size()), host.identity()),
      spawner_(host.identity()),
      services_{loop_, spawner_, slots_, scoreboard_, *this, signals_, &log_file_.state()},
      supervisor_(services_),
      admin_(
          loop_, clock_,
          [this](ControlServer& server) { add_commands(server, overview_, operations_); },
          Overview::pages_of(overview_), settings.metrics),
      parts_{loop_, clock_, host, listeners_, certificates_, admin_, signals_, supervisor_},
      reloads_(parts_, std::move(settings), std::move(origin.read_settings), turns_, *this),
      upgrades_(parts_, std::move(origin.program), origin.succession, turns_, reloads_, *this),
      operations_(parts_, log_file_, turns_, reloads_, upgrades_, *this),
      overview_(parts_, slots_.board(), turns_, reloads_, upgrades_) {
    alarm_.bind<&Master::on_alarm>(this);
    watchdog_.bind<&Master::on_watchdog>(this);
    rounds_.bind<&Master::on_rounds>(this);
    drain_delay_.bind<&Master::drain>(this);
    turns_.add(upgrades_);
    turns_.add(reloads_);
    become_subreaper();
    closer::start();
    if (Takeover* takeover = upgrades_.takeover()) {
        takeover->begin();
    } else {
        admin_.open_control(reloads_.settings());
    }
    log_file_.keep_terminal();
    log_file_.open(reloads_.settings().log);
    if (upgrades_.takeover() == nullptr) {
        admin_.open_metrics();
    }
    if (const auto period = host_.watchdog_period()) {
        watchdog_.start(*period);
    }
}

ExitCode Master::run() {
    upgrades_.warn_of_strangers();
    reloads_.start();
    settle();
    rounds_.start(kRounds);
    overview_.start();
    loop_.run();
    if (const std::uint64_t left = signals_.waiting(); left > 0) {
        log::warning("{} {} sent and never taken by a worker: gone with the server", left,
                     left == 1 ? "signal was" : "signals were");
    }
    log::info("geventd {} has stopped", kVersion);
    log::finish();
    return exit_code_;
}

// --- settling ------------------------------------------------------------------------------------

void Master::settle() {
    upgrades_.check_deadline();
    listeners_.revive_if_due(loop_.refresh_now());
    turns_.supersede();
    Takeover* takeover = upgrades_.takeover();
    if (takeover != nullptr) {
        takeover->tell_slow();
    }
    if (const auto outcome = supervisor_.settle()) {
        reloads_.on_outcome(*outcome);
    }
    if (takeover != nullptr) {
        takeover->tell_ready();
    }
    reloads_.renew_signals();
    if (may_go()) {
        loop_.stop();
        return;
    }
    set_alarm();
}

bool Master::may_go() {
    const bool is_to_go = turns_.is_closed() || upgrades_.has_left();
    return is_to_go && supervisor_.empty() && upgrades_.may_go();
}

void Master::set_alarm() {
    const TimePoint next = std::min(
        {supervisor_.next_deadline(), upgrades_.next_deadline(), listeners_.next_revival()});
    if (next == TimePoint::max()) {
        alarm_.cancel();
        return;
    }
    alarm_.start(std::max<Duration>(next - loop_.refresh_now(), kSoon));
}

// --- events from the kernel ----------------------------------------------------------------------

void Master::on_unix_signal(const UnixSignal& signal, pid_t sender) noexcept {
    if (signal.action != UnixAction::Reap) {
        log::info("{} from process {}", signal.name, sender);
    }
    switch (signal.action) {
        case UnixAction::Reload:
            operations_.reload({});
            break;
        case UnixAction::Stop:
            turns_.is_closed() ? stop_faster() : stop();
            break;
        case UnixAction::StopNow:
            stop_now();
            break;
        case UnixAction::ReopenLogs:
            operations_.reopen_logs();
            break;
        case UnixAction::Upgrade:
            operations_.upgrade({});
            break;
        case UnixAction::MoreWorkers:
            operations_.change_workers(+1);
            break;
        case UnixAction::FewerWorkers:
            operations_.change_workers(-1);
            break;
        case UnixAction::Reap:
            reap();
            break;
    }
    settle();
}

void Master::reap() {
    for (const ChildExit& exit : reap_children()) {
        if (!upgrades_.on_exit(exit)) {
            supervisor_.on_exit(exit);
        }
    }
    handle_demand();  // a process that exited may have sent it last
}

void Master::on_alarm() noexcept {
    settle();
}

// Called only from the loop, so that a hanging master misses the service manager's deadline.
void Master::on_watchdog() noexcept {
    if (upgrades_.leads()) {
        host_.alive();
    }
    watchdog_.start(*host_.watchdog_period());
}

// Twice a second: checks every worker's hub and retries what has failed. Workers that get ready in
// the meantime join at the next round.
void Master::on_rounds() noexcept {
    admin_.restore_lost();
    const TimePoint now = loop_.now();
    const TimePoint next = std::min(supervisor_.look_at_hubs(now), now + kRounds);
    rounds_.start(std::max<Duration>(next - now, kSoon));
    log::retry();
    host_.retry();
    settle();
}

// --- events from processes -----------------------------------------------------------------------

void Master::on_change() noexcept {
    handle_demand();
    settle();
}

void Master::on_demand(ipc::Demand demand) noexcept {
    if (demand == ipc::Demand::Revive) {
        listeners_.ask_for_revival();
        return;
    }
    demand_ = std::max(demand, demand_.value_or(demand));  // Stop wins over Reload
}

void Master::handle_demand() {
    if (const auto demand = std::exchange(demand_, std::nullopt)) {
        log::info("the application asks for {}",
                  *demand == ipc::Demand::Stop ? "the end of the server" : "a reload");
        *demand == ipc::Demand::Stop ? stop() : operations_.reload({});
    }
}

void Master::on_sources(const std::string& paths) noexcept {
    reloads_.on_sources(paths);
}

// --- calls from replacements ---------------------------------------------------------------------

void Master::on_serving(config::Settings& settings) noexcept {
    log_file_.forget_terminal();
    log_file_.change(settings.log);
    settings.log.file = log_file_.path();  // if it cannot be opened, the former log stays
    settings.log.access_file = log_file_.access_path();
}

void Master::give_up_start(const std::string& why) {
    log::error("geventd cannot serve: {}", why);
    if (Takeover* takeover = upgrades_.takeover()) {
        takeover->fail(why);
    }
    log_file_.tell_terminal(fmt::format("geventd cannot serve: {}", log::escape_lines(why)));
    exit_code_ = ExitCode::Config;
    turns_.close("the server stops");
    supervisor_.stop();
}

// --- stopping ------------------------------------------------------------------------------------

// With limits.drain-delay the server first serves on, while balancers learn that it leaves.
void Master::stop() {
    if (turns_.is_closed()) {
        return;
    }
    const config::Limits& limits = reloads_.settings().limits;
    if (upgrades_.leads()) {
        host_.stopping(config::whole_stop(limits));
    } else if (Takeover* takeover = upgrades_.takeover()) {
        takeover->fail("it was told to stop");
    }
    turns_.close("the server stops");
    upgrades_.give_up("the server stops");
    listeners_.discard();
    supervisor_.give_up("the server stops");
    const Generation* const serving = supervisor_.serving();
    if (serving != nullptr) {
        serving->workers().announce_leaving();
    }
    if (limits.drain_delay > Duration::zero() && serving != nullptr) {
        log::info("stopping in {}: until then connections are served, and /readyz says 503",
                  config::format_duration(limits.drain_delay));
        drain_delay_.start(limits.drain_delay);
        settle();
    } else {
        drain();
    }
}

// Connections are refused as soon as no process holds the listening sockets: workers close them
// after they have taken what waits in the kernel's queue.
void Master::drain() noexcept {
    log::info("stopping: requests in flight are finished first");
    drain_delay_.cancel();
    listeners_.close();
    supervisor_.stop();
    settle();
}

void Master::stop_faster() {
    drain_delay_.pending() ? drain() : stop_now();
}

void Master::stop_now() {
    stop();
    log::warning("stopping at once: requests in flight are cut");
    drain_delay_.cancel();
    listeners_.close();
    supervisor_.kill();
}

}  // namespace geventd::master
