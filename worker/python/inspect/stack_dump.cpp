// SPDX-License-Identifier: MIT
#include "worker/python/inspect/stack_dump.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/errno_error.h"
#include "ipc/stack_signal.h"
#include "worker/python/base/error.h"

namespace geventd::py {

namespace {

UniqueFd make_file() {
    UniqueFd file = UniqueFd::adopt(::memfd_create("geventd-stack", MFD_CLOEXEC));
    // The master empties the file between stacks; O_APPEND makes each begin at its start.
    if (!file || ::fcntl(file.get(), F_SETFL, O_APPEND) < 0) {
        throw_errno("memfd_create", "geventd-stack");
    }
    return file;
}

}  // namespace

UniqueFd write_stacks_on_signal() {
    UniqueFd file = make_file();
    const Ref write = imported("faulthandler", "register");
    for (const auto which : {ipc::StackOf::HubThread, ipc::StackOf::AllThreads}) {
        const Ref arguments = checked(Py_BuildValue("(i)", ipc::stack_signal(which)));
        const Ref options = checked(Py_BuildValue(
            "{s:i,s:O,s:O}", "file", file.get(), "all_threads",
            which == ipc::StackOf::AllThreads ? Py_True : Py_False, "chain", Py_False));
        checked(PyObject_Call(write.get(), arguments.get(), options.get()));
    }
    return file;
}

void tell_of_stacks(ipc::Channel& channel, int file) {
    ipc::Message message;
    message.type = ipc::MessageType::Stacks;
    message.fds.push_back(duplicate(file));
    // If the master does not take it, the master is gone, and the channel reaches its end.
    [[maybe_unused]] const auto sent = channel.send(message);
}

void renew_stack_file(int file) {
    const UniqueFd fresh = make_file();
    if (::dup3(fresh.get(), file, O_CLOEXEC) < 0) {
        throw_errno("dup3", "geventd-stack");
    }
}

}  // namespace geventd::py
