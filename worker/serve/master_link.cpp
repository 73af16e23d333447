// SPDX-License-Identifier: MIT
#include "worker/serve/master_link.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "worker/process/interrupts.h"
#include "worker/process/log_renewal.h"
#include "worker/process/overtime.h"
#include "worker/process/own_descriptors.h"
#include "worker/serve/worker.h"

namespace geventd::worker {

MasterLink::MasterLink(Worker& worker, ipc::Channel& channel, Overtime& overtime)
    : worker_(worker),
      overtime_(overtime),
      channel_(channel),
      io_(worker.loop()),
      terminate_io_(worker.loop()) {
    terminate_fd_ = raised(UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    if (!terminate_fd_ || terminate_io_.introduce(terminate_fd_.get()) != 0) {
        throw_errno("eventfd");
    }
    terminate_io_.bind<MasterLink, &MasterLink::on_terminate>(this);
    terminate_io_.watch(terminate_fd_.get(), event::Io::kRead);
    io_.bind<MasterLink, &MasterLink::on_message>(this);
    io_.set_rank(event::Io::Rank::First);  // requests that come after an order are served by it
    io_.watch(channel_.fd(), event::Io::kRead);
    worker_.successor().ask_by([this](ipc::Due due) { ask_for_successor(due); });
    worker_.gate().on_listener_down([this] {
        ipc::Message message;
        message.type = ipc::MessageType::Demand;
        message.value = static_cast<std::uint32_t>(ipc::Demand::Revive);
        if (auto sent = channel_.send_within(ipc::kMasterPatience, message); !sent) {
            log::error("cannot tell the master of a listening socket that was shut down: {}",
                       sent.error().message);
        }
    });
    wake_by(terminate_fd_.get(), worker.loop().backend_fd());
}

MasterLink::~MasterLink() {
    worker_.successor().ask_by(nullptr);
    worker_.gate().on_listener_down(nullptr);
    wake_nobody();
}

void MasterLink::say_ready(UniqueFd observer) {
    on_message(event::Io::kRead);
    ipc::Message ready;
    ready.type = ipc::MessageType::Ready;
    ready.fds.push_back(duplicate(worker_.admission().requests_fd()));
    ready.fds.push_back(std::move(observer));
    ready.fds.push_back(duplicate(worker_.websockets().table_fd()));
    if (auto sent = channel_.send_within(ipc::kMasterPatience, ready); !sent) {
        // The master does not want this worker any more, or is gone: the channel will say so.
        log::debug("cannot tell the master that this worker is ready: {}", sent.error().message);
    }
}

void MasterLink::ask_for_successor(ipc::Due due) noexcept {
    ipc::Message message;
    message.type = ipc::MessageType::Recycle;
    message.value = static_cast<std::uint32_t>(due);
    if (auto sent = channel_.send_within(ipc::kMasterPatience, message); !sent) {
        log::error("cannot ask the master for a successor: {}", sent.error().message);
    }
}

void MasterLink::on_message(int) noexcept {
    try {
        receive();
    } catch (const std::bad_alloc&) {
        worker_.accounts().out_of_memory();  // the message is still there in the next turn
    }
}

void MasterLink::receive() {
    while (has_channel()) {
        ipc::Message message;
        const auto state = channel_.receive(message);
        if (!state) {
            log::error("a message of the master cannot be read: {}", state.error().message);
            return;
        }
        switch (*state) {
            case ipc::Channel::State::Empty:
                return;
            case ipc::Channel::State::Closed:
                io_.stop();
                log::warning("the master is gone: this worker finishes its requests and leaves");
                drain(ipc::DrainReason::Stop);
                return;
            case ipc::Channel::State::Message:
                handle(message);
        }
    }
}

void MasterLink::drain(ipc::DrainReason reason) {
    if (reason == ipc::DrainReason::Replace) {
        overtime_.begin_with_sessions();
    } else {
        overtime_.begin();
    }
    worker_.drain(reason);
}

void MasterLink::handle(ipc::Message& message) {
    if (message.type == ipc::MessageType::Drain) {
        ipc::Message answer;
        answer.type = ipc::MessageType::Draining;
        // A master that is gone needs no answer.
        [[maybe_unused]] const auto sent = channel_.send(answer);
        drain(static_cast<ipc::DrainReason>(message.value));
        log::debug("accepts no connection and finishes its requests: the master asked for it");
    } else if (message.type == ipc::MessageType::Leaving) {
        worker_.connections().fail_health_checks();
        worker_.connections().close_after_answers(false);
        log::debug("answers say Connection: close: the server stops soon");
    } else if (message.type == ipc::MessageType::Pause) {
        worker_.gate().pause(message.value != 0);
        log::debug("{}", message.value != 0 ? "accepts no connection until told otherwise"
                                            : "accepts connections");
    } else if (message.type == ipc::MessageType::Fault) {
        worker_.show_fault(std::move(message.text));
        log::info("answers every request with the reason of the failed reload");
    } else if (message.type == ipc::MessageType::Pulse) {
        worker_.answer_pulse();
        log::retry();
    } else if (message.type == ipc::MessageType::Reopen) {
        renew_log(message);
    } else if (message.type == ipc::MessageType::Certificates) {
        renew_certificates(message);
    }
}

void MasterLink::renew_certificates(const ipc::Message& message) {
    if (message.fds.empty()) {
        log::error("renewed certificates are not used here: this process has no descriptors left");
        return;
    }
    try {
        worker_.tls().renew(message.fds[0].get());
        log::debug("has the renewed certificates and keys of session tickets");
    } catch (const std::exception& error) {
        log::error("renewed certificates are not used here: {}", error.what());
    }
}

// Replaces a lost channel by its copy. False when there is none any more. Costs a system call.
bool MasterLink::has_channel() {
    if (has_lost_copy()) {
        lost_ = overtime_.release_copy();
    }
    if (!is_cut_off() && !overtime_.is_channel(channel_.fd())) {
        lost_ = replace_channel();
    }
    if (lost_ >= 0 && !told_) {
        tell_lost();
    }
    return !is_cut_off();
}

// The lost number belongs to the application now. Returns it.
int MasterLink::replace_channel() {
    const int lost = channel_.release().release();
    const bool watched = io_.active();
    if (overtime_.is_channel(overtime_.copy())) {
        forget_lost(io_, lost, overtime_.copy());
        static_cast<void>(channel_.exchange(high_copy(overtime_.copy())));
    }
    if (is_cut_off()) {
        io_.stop();
        drain(ipc::DrainReason::Replace);
    } else if (watched) {
        io_.watch(channel_.fd(), event::Io::kRead);
    }
    return lost;
}

void MasterLink::tell_lost() {
    log::error("{}", lost_text(lost_, "the line to the master"));
    if (!is_cut_off()) {  // else there is nobody whom to ask
        ask_for_successor(ipc::Due::LostLine);
    }
    told_ = true;
}

void MasterLink::on_terminate(int) noexcept {
    eventfd_t count = 0;
    [[maybe_unused]] const auto got = ::read(terminate_fd_.get(), &count, sizeof count);
    try {
        has_channel();
        if (was_terminated()) {
            terminate_io_.stop();
            log::info("SIGTERM: this worker finishes its requests and leaves");
            drain(ipc::DrainReason::Replace);
        }
    } catch (const std::bad_alloc&) {
        worker_.accounts().out_of_memory();
        wake_loop();  // so that the next turn tries again
    }
}

}  // namespace geventd::worker
