// SPDX-License-Identifier: MIT
#include "worker/python/process/to_master.h"

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "log/logger.h"

namespace geventd::py {

void tell(ipc::Channel& channel, ipc::MessageType type, const std::string& text) {
    ipc::Message message;
    message.type = type;
    message.text = text;
    if (!channel.send_within(ipc::kMasterPatience, message)) {
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
}

void tell_failure(ipc::Channel& channel, ExitCode code, const std::string& reason) {
    ipc::Message failed;
    failed.type = ipc::MessageType::Failed;
    failed.value = static_cast<std::uint32_t>(code);
    failed.text = reason;
    if (!channel.send_within(ipc::kMasterPatience, failed)) {
        log::error("{}", reason);
    }
}

void fail(ipc::Channel& channel, ExitCode code, const std::string& reason) {
    tell_failure(channel, code, reason);
    log::finish();
    ::_exit(static_cast<int>(code));
}

ipc::Message wait_for_boot(ipc::Channel& channel) {
    tell(channel, ipc::MessageType::Hello);
    auto message = channel.wait();
    if (!message) {
        fail(channel, ExitCode::Internal, message.error().message);
    }
    if (!*message) {
        ::_exit(static_cast<int>(ExitCode::Ok));  // the master is gone
    }
    return std::move(**message);
}

}  // namespace geventd::py
