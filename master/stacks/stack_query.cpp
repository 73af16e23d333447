// SPDX-License-Identifier: MIT
#include "master/stacks/stack_query.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "base/closer.h"
#include "base/errno_error.h"

namespace geventd::master {

namespace {

// The most that a control client can be sent.
constexpr off_t kMostReport = 15 << 20;

// The contents of a memory file; nullopt when it is too long, or another kind of file, reading
// which could block.
std::optional<std::string> read_report(int fd) {
    struct stat facts {};

    if (::fcntl(fd, F_GET_SEALS) < 0 || ::fstat(fd, &facts) < 0 || facts.st_size > kMostReport) {
        return std::nullopt;
    }
    std::string text(static_cast<std::size_t>(facts.st_size), '\0');
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

}  // namespace

StackQuery::StackQuery(event::Loop& loop, ipc::Channel& observer, const Question& question,
                       Done done)
    : answer_(UniqueFd()), io_(loop), done_(std::move(done)) {
    auto [ours, theirs] = ipc::Channel::make_pair();
    answer_ = std::move(ours);
    ipc::Message message;
    message.type = ipc::MessageType::Look;
    message.value = static_cast<std::uint32_t>(question.sight);
    message.text = question.request;
    message.fds.push_back(theirs.release());
    if (auto sent = observer.send(message); !sent) {
        throw std::runtime_error(sent.error().message);
    }
    io_.bind<StackQuery, &StackQuery::on_io>(this);
    io_.watch(answer_.fd(), event::Io::kRead);
}

void StackQuery::on_io(int) noexcept {
    ipc::Message message;
    const auto state = answer_.receive(message);
    if (state && *state == ipc::Channel::State::Empty) {
        return;
    }
    io_.stop();
    const bool is_answer = state && *state == ipc::Channel::State::Message && !message.fds.empty();
    const auto report = is_answer ? read_report(message.fds[0].get()) : std::nullopt;
    closer::close(std::move(message.fds));
    const Done done = std::exchange(done_, {});
    done(report);
}

}  // namespace geventd::master
