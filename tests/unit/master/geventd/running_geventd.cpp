// SPDX-License-Identifier: MIT
#include "unit/master/geventd/running_geventd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace geventd::testing {

namespace {

constexpr int kPatienceMilliseconds = 20'000;

pid_t start(const std::vector<std::string>& arguments, int output) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    ::setenv("GEVENTD_WORKER", FAKE_WORKER, 1);
    pid_t pid = 0;
    EXPECT_EQ(::posix_spawn(&pid, GEVENTD, &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    return pid;
}

}  // namespace

bool wait_until_gone(pid_t pid) {
    const UniqueFd process = UniqueFd::adopt(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd end{process.get(), POLLIN, 0};
    return !process || ::poll(&end, 1, kPatienceMilliseconds) == 1;
}

RunningGeventd::RunningGeventd(const std::string& settings,
                               const std::vector<std::string>& arguments) {
    char folder[] = "/tmp/geventd-test-XXXXXX";
    folder_ = ::mkdtemp(folder);
    configure(settings);
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    output_ = UniqueFd::adopt(ends[0]);
    const UniqueFd input = UniqueFd::adopt(ends[1]);
    std::vector<std::string> all = {"geventd", "-c", folder_ + "/server.yaml"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    pid_ = start(all, input.get());
}

RunningGeventd::~RunningGeventd() {
    if (pid_ != 0) {
        ::kill(pid_, SIGQUIT);
        EXPECT_EQ(await_exit(), 0);
    }
    for (const pid_t pid : pids_) {
        EXPECT_TRUE(wait_until_gone(pid)) << "process " << pid << " is left";
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/control")) << "its file is left";
    if (::testing::Test::HasFailure()) {
        std::fputs(log_.c_str(), stderr);
    }
    std::filesystem::remove_all(folder_);
}

void RunningGeventd::configure(const std::string& settings) const {
    std::ofstream file(folder_ + "/server.yaml");
    file << settings << "\ncontrol: " << folder_ << "/control\n";
    if (settings.find("log:") == std::string::npos) {
        file << "log: {level: debug}\n";
    }
}

bool RunningGeventd::read_more() {
    pollfd readable{output_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMilliseconds) != 1) {
        return false;
    }
    char piece[4096];
    const ssize_t got = ::read(output_.get(), piece, sizeof piece);
    if (got <= 0) {
        return false;
    }
    log_.append(piece, static_cast<std::size_t>(got));
    return true;
}

void RunningGeventd::learn_pids(const std::string& line) {
    static const std::regex kPid("\\(pid ([0-9]+)\\)");
    std::smatch match;
    if (std::regex_search(line, match, kPid) && std::stoi(match[1]) != 0) {
        pids_.insert(std::stoi(match[1]));
    }
}

std::string RunningGeventd::await_from(std::size_t& position, const std::string& text) {
    for (;;) {
        const std::size_t end = log_.find('\n', position);
        if (end == std::string::npos) {
            if (read_more()) {
                continue;
            }
            ADD_FAILURE() << "never logged: " << text;
            return "";
        }
        const std::string line = log_.substr(position, end - position);
        position = end + 1;
        learn_pids(line);
        if (line.find(text) != std::string::npos) {
            return line;
        }
    }
}

std::string RunningGeventd::await(const std::string& text) {
    return await_from(passed_, text);
}

pid_t RunningGeventd::await_state(const std::string& process, const std::string& state) {
    std::size_t& position = states_seen_[process + state];
    for (;;) {
        const std::string line = await_from(position, "-> " + state);
        const std::size_t at = line.find(": " + process + " (pid ");
        if (line.empty()) {
            // With a pid of 0 the test would kill its own process group.
            throw std::runtime_error("there is no " + process + " that is " + state);
        }
        if (at != std::string::npos) {
            return std::stoi(line.substr(at + process.size() + 8));
        }
    }
}

void RunningGeventd::signal(int number) const {
    ASSERT_EQ(::kill(pid_, number), 0);
}

int RunningGeventd::await_exit() {
    if (!wait_until_gone(pid_)) {
        ADD_FAILURE() << "it does not exit";
        ::kill(pid_, SIGKILL);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    while (read_more()) {
    }
    std::istringstream lines(log_);
    for (std::string line; std::getline(lines, line);) {
        learn_pids(line);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int port_in(const std::string& ready_line, int which) {
    static const std::regex kPort("127\\.0\\.0\\.1:([0-9]+)");
    auto match = std::sregex_iterator(ready_line.begin(), ready_line.end(), kPort);
    std::advance(match, which);
    if (match == std::sregex_iterator()) {
        ADD_FAILURE() << "no port in: " << ready_line;
        return 0;
    }
    return std::stoi((*match)[1]);
}

std::string ask(int port) {
    const UniqueFd socket = UniqueFd::adopt(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{kPatienceMilliseconds / 1000, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        return "";
    }
    char text[256];
    const ssize_t got = ::recv(socket.get(), text, sizeof text, 0);
    return got > 0 ? std::string(text, static_cast<std::size_t>(got)) : "";
}

}  // namespace geventd::testing
