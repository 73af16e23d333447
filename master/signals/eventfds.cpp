// SPDX-License-Identifier: MIT
#include "master/signals/eventfds.h"

#include <sys/eventfd.h>

#include "base/errno_error.h"

namespace geventd::master {

int Eventfds::of(unsigned process) {
    if (fds_.size() <= process) {
        fds_.resize(process + 1);
    }
    UniqueFd& fd = fds_[process];
    if (!fd) {
        fd = UniqueFd::adopt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!fd) {
            throw_errno("eventfd");
        }
    }
    return fd.get();
}

std::vector<int> Eventfds::numbers() const {
    std::vector<int> numbers;
    numbers.reserve(fds_.size());
    for (const UniqueFd& fd : fds_) {
        numbers.push_back(fd.get());
    }
    return numbers;
}

}  // namespace geventd::master
