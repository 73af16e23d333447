// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace geventd::ipc {

/// What the master, templates and workers say to each other over their channels.
///
///   master ── exec geventd-worker (channel on fd 3) ──▶ template, or worker (preload: false)
///   child  ── Hello ──▶ master      first of all; the kernel's credentials name the pid
///   master ── Boot + fds ──▶ child  only to exec'd processes; forked ones inherit all of it
///   template ── Connected(text) ──▶ master         peers of the connections that it opened
///   template ── Loaded | Failed(text) ──▶ master   it leaves instead when workers must not share
///              those (preload: auto)
///   template, worker ── Stacks + [stacks] ──▶ master         before it loads or runs fork hooks
///   master ── Fork(slot) + [worker's channel] ──▶ template   (middle process, worker says Hello)
///   master ── ForkSpare + [spare's channel] ──▶ template     (spare says Hello, then Loaded)
///   template ── Forked ──▶ master                            either was done, or failed
///   worker ── Ready + [requests, observer] | Failed(text) ──▶ master
///   master ── Look(value, text) + [channel] ──▶ observer ── Look + [report] ──▶ that channel
///   master ── Pulse ──▶ worker      its hub answers in the scoreboard
///   master ── Drain(value) ──▶ worker ── Draining ──▶ master ... the worker exits by itself
///   worker ── Recycle(value) ──▶ master   start a successor, then let it drain
///   worker ── Demand(value) ──▶ master             something is asked of the server
///   worker ── Schedule(number, text) ──▶ master    a timer, cron entry or monitor of its own
///   template, worker ── Sources(text) ──▶ master   files of imported modules, to be watched
///   master ── Fault(text) ──▶ worker  answer every request with this text; "": no more
///   master ── Pause(value) ──▶ worker   1: accept no connection until told 0
///   master ── Reopen + [log fd] ──▶ template, worker
///
/// End of file on a child's channel means that the master is gone: templates leave, workers
/// drain. End of file on the master's side means nothing by itself: the pidfd tells of deaths.
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
};

constexpr MessageType kLastMessageType = MessageType::Forked;

enum class Role : std::uint32_t { Template = 1, Worker, Check };

/// Why a worker asks for a successor.
enum class Due : std::uint32_t { ServedEnough = 1, Unstoppable, LostListener, LostLine };

/// Revive: a listening socket was shut down, see to it. The others are the application's wishes.
enum class Demand : std::uint32_t { Reload = 1, Stop, Revive };

/// What is wanted of a worker's observer: all greenlets as a JSON document, or those of requests
/// as lines of text.
enum class Sight : std::uint32_t { Document = 1, ForLog };

/// Why a worker drains. Replace: successors serve, so kept connections live on until their next
/// answer (`Connection: close`). Stop: nobody serves, so idle connections are closed at once.
enum class DrainReason : std::uint32_t { Replace = 1, Stop };

/// The names of the descriptors that come with Boot (named_fds.h). Whatever else master and workers
/// are to share gets a name here; the master adds it (LaunchKit), the worker maps it (BootInfo).
inline constexpr std::string_view kBootConfig = "config";
inline constexpr std::string_view kBootScoreboard = "scoreboard";
inline constexpr std::string_view kBootSignals = "signals";
inline constexpr std::string_view kBootListener = "listener";       ///< each, in the config's order
inline constexpr std::string_view kBootEventfd = "eventfd";         ///< of the processes 0, 1, ...
inline constexpr std::string_view kBootOwnEventfd = "own-eventfd";  ///< a worker's

/// One message. Which fields mean something depends on the type:
///   Boot       role, generation, text = shm::layout(), a line end and the names of fds, fds; a
///              worker also slot and worker
///   Fork       slot, worker, fds = [channel, eventfd]     ForkSpare  fds = [channel]
///   Drain      value = DrainReason            Reopen     fds = [log]
///   Pause      value = 1 or 0                 Fault      text = what is wrong
///   Sources    text = paths, each with a NUL behind it
///   Connected  text = peers, for people
///   Recycle    value = Due
///   Stacks     fds = [the file into which it writes its stack (stack_signal.h)]
///   Ready      fds = [the worker's shm::RequestTable, the channel of its observer]
///   Look       value = Sight, text = the request that is asked for, "": all
///   Schedule   value = the signal's number, text = the plan (schedule/plan.h)
///   Failed     value = ExitCode, text = the reason with its traceback
/// `slot` is the process' place in the scoreboard, different for all that live at once; `worker`
/// its number in its generation, 1..N, which a successor takes over: uWSGI's worker id.
struct Message {
    MessageType type = MessageType::Hello;
    Role role = Role::Worker;
    std::uint32_t slot = 0;
    std::uint32_t worker = 0;
    std::uint32_t generation = 0;
    std::uint32_t value = 0;
    std::string text;  ///< at most kMaxText bytes; send() cuts
    std::vector<UniqueFd> fds;
    bool lost_fds = false;  ///< received messages: this process had no room for all that came
    pid_t sender = 0;       ///< received messages: the sender's pid by the kernel's word
};

constexpr std::size_t kMaxText = 65536;

/// How long a child waits, in milliseconds, for a master that has not read its former messages.
/// What the master says to a child waits in the master (master/process/child.h).
constexpr int kMasterPatience = 2000;

/// The descriptor on which an exec'd geventd-worker finds its channel.
constexpr int kChannelFd = 3;

/// There a non-blocking descriptor of the pipe or terminal that is its standard error, if that is
/// one; such a descriptor leads where STDERR_FILENO does.
constexpr int kLogFd = 4;

}  // namespace geventd::ipc
