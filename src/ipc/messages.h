// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace geventd::ipc {

/// The messages between the master, templates and workers over their channels.
///
///   master ── exec geventd-worker (channel on fd 3) ──▶ template, or worker (preload: false)
///   child  ── Hello ──▶ master      the first message; the kernel's credentials give the pid
///   master ── Boot + fds ──▶ child  only to executed processes; forked ones inherit it
///   template ── Connected(text) ──▶ master         peers of the connections that it opened
///   template ── Loaded | Failed(text) ──▶ master   after Connected it may exit instead, as workers
///              must not share connections (preload: auto)
///   template, worker ── Stacks + [stacks] ──▶ master         before it loads or runs fork hooks
///   master ── Fork(slot) + [worker's channel] ──▶ template   (middle process, worker says Hello)
///   master ── ForkSpare + [spare's channel] ──▶ template     (spare says Hello, then Loaded)
///   template ── Forked ──▶ master                            the fork was done or has failed
///   worker ── Ready + [requests, observer] | Failed(text) ──▶ master
///   master ── Look(value, text) + [channel] ──▶ observer ── Look + [report] ──▶ that channel
///   master ── Pulse ──▶ worker      its hub answers in the scoreboard
///   master ── Leaving ──▶ worker    the server stops soon: answers say Connection: close
///   master ── Drain(value) ──▶ worker ── Draining ──▶ master ... the worker exits by itself
///   master ── Drain ──▶ template ── Draining ──▶ master   it will not fork any more, and has
///   closed
///              the listening sockets
///   worker ── Recycle(value) ──▶ master   asks to be replaced: start a successor, then drain it
///   worker ── Demand(value) ──▶ master             asks the server to do something
///   worker ── Schedule(number, text) ──▶ master    the application's timer, cron entry or monitor
///   template, worker ── Sources(text) ──▶ master   files of imported modules, to be watched
///   master ── Fault(text) ──▶ worker  answer every request with this text; empty: back to normal
///   master ── Pause(value) ──▶ worker   1: accept no connections; 0: accept again
///   master ── Reopen + [log fds] ──▶ template, worker
///   master ── Certificates + [tls] ──▶ template, worker   renewed ones, with keys of tickets
///
/// End of file on a child's channel means that the master is gone: templates exit, workers drain.
/// End of file on the master's side does not mean that the process is dead: exits are reaped.
enum class MessageType : std::uint32_t {
    Hello = 1,
    Boot,
    Loaded,
    Failed,
    Fork,
    ForkSpare,
    Ready,
    Drain,
    Draining,
    Reopen,
    Recycle,
    Schedule,
    Demand,
    Pause,
    Sources,
    Fault,
    Pulse,
    Look,
    Connected,
    Stacks,
    Forked,
    Leaving,
    Certificates,
};

constexpr MessageType kLastMessageType = MessageType::Certificates;

enum class Role : std::uint32_t { Template = 1, Worker, Check };

/// Why a worker asks for a successor.
enum class Due : std::uint32_t { ServedEnough = 1, Unstoppable, LostListener, LostLine };

/// Revive: a listening socket was shut down and needs care. The others come from the application.
enum class Demand : std::uint32_t { Reload = 1, Stop, Revive };

/// What a worker's observer should report: all greenlets as a JSON document, or those of requests
/// as lines of text for the log.
enum class Sight : std::uint32_t { Document = 1, ForLog };

/// Why a worker drains. Replace: successors serve, so kept connections end with their next answer
/// (`Connection: close`). Refresh: successors serve what a developer has changed, or wait for this
/// worker's end, so idle connections are closed at once. Stop: nobody serves, so idle connections
/// are closed at once, and those in the kernel's queue are served before the listening sockets are
/// closed.
enum class DrainReason : std::uint32_t { Replace = 1, Refresh, Stop };

/// The names of the descriptors sent with Boot (named_fds.h). Anything else that master and
/// workers share gets a name here; the master adds it (LaunchKit), the worker maps it (BootInfo).
inline constexpr std::string_view kBootConfig = "config";
inline constexpr std::string_view kBootScoreboard = "scoreboard";
inline constexpr std::string_view kBootSignals = "signals";
inline constexpr std::string_view kBootAccessLog = "access-log";  ///< if it has a file of its own
inline constexpr std::string_view kBootTls = "tls";  ///< tls::Material, if an address needs it
inline constexpr std::string_view kBootListener = "listener";  ///< each, in configured order
inline constexpr std::string_view kBootEventfd = "eventfd";    ///< one for each process 0, 1, ...
inline constexpr std::string_view kBootOwnEventfd = "own-eventfd";  ///< of the worker itself

/// The names of the descriptors sent with Reopen.
inline constexpr std::string_view kReopenLog = "log";
inline constexpr std::string_view kReopenAccessLog = "access-log";

/// One message. The type decides which fields are used:
///   Boot       role, generation, text = shm::layout(), a line end and the names of fds, fds; a
///              worker also slot and worker; value as in Reopen
///   Fork       slot, worker, fds = [channel, eventfd]     ForkSpare  fds = [channel]
///   Drain      value = DrainReason
///   Reopen     text = the names of fds, of which either may be missing; fds = [log, access log];
///              value = 1: lines of the log begin with their severity
///   Pause      value = 1 or 0                 Fault      text = what is wrong
///   Certificates  fds = [a sealed file of tls::Material]
///   Sources    text = paths, each followed by a NUL
///   Connected  text = peers, for display
///   Recycle    value = Due
///   Stacks     fds = [the file into which it writes its stack (stack_signal.h)]
///   Ready      fds = [the worker's shm::RequestTable, the channel of its observer, its
///              shm::WebSocketTable]
///   Look       value = Sight, text = the name of a request, or empty for all
///   Schedule   value = the signal's number, text = the plan (schedule/plan.h)
///   Failed     value = ExitCode, text = the reason with its traceback
/// `slot` is the process' place in the scoreboard, unique among living processes. `worker` is the
/// number in its generation, 1..N, which a successor takes over: uWSGI's worker id.
struct Message {
    MessageType type = MessageType::Hello;
    Role role = Role::Worker;
    std::uint32_t slot = 0;
    std::uint32_t worker = 0;
    std::uint32_t generation = 0;
    std::uint32_t value = 0;
    std::string text;  ///< at most kMaxText bytes; send() truncates
    std::vector<UniqueFd> fds;
    bool lost_fds = false;  ///< when received: this process had no room for all descriptors
    pid_t sender = 0;       ///< when received: the sender's pid, from the kernel
};

constexpr std::size_t kMaxText = 65536;

/// How long a child waits, in milliseconds, for a master that has not read earlier messages. In
/// the other direction, messages wait in the master (master/process/child.h).
constexpr int kMasterPatience = 2000;

/// The descriptor number of the channel in an executed geventd-worker.
constexpr int kChannelFd = 3;

/// If the standard error is a pipe or terminal: a non-blocking descriptor for the same one.
constexpr int kLogFd = 4;

}  // namespace geventd::ipc
