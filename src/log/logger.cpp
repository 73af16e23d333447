// SPDX-License-Identifier: MIT
#include "log/logger.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "log/escape.h"

// spdlog makes the line and its time stamp; its own sinks write through FILE and would cut a long
// line into several writes, so the sink is ours. Its asynchronous modes do not survive a fork.

namespace geventd::log {

namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %n[%P]: %v";
constexpr const char* kJsonPattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","process":"%n","pid":%P,"message":"%v"})";

// A non-blocking pipe whose reader sleeps holds a line back for so long, then costs it.
constexpr int kPatienceMilliseconds = 100;

void write_line(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(fd, data, size);
        if (written >= 0) {
            data += written;
            size -= static_cast<std::size_t>(written);
            continue;
        }
        if (errno == EAGAIN) {
            pollfd wanted{fd, POLLOUT, 0};
            if (::poll(&wanted, 1, kPatienceMilliseconds) > 0) {
                continue;
            }
            return;
        }
        if (errno != EINTR) {
            return;  // a log that cannot be written has nowhere to complain
        }
    }
}

class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    void redirect(int fd) { fd_ = fd; }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        write_line(fd_, line.data(), line.size());
    }

    void flush_() override {}

  private:
    std::atomic<int> fd_ = STDERR_FILENO;
};

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// The log of this process; before open() it is text on stderr.
class State {
  public:
    State() { open(STDERR_FILENO, Level::Info, Format::Text); }

    void open(int fd, Level level, Format format) {
        level_ = level;
        format_ = format;
        sink_->redirect(fd);
        sink_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            format == Format::Json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc,
            "\n"));
        set_role(role_);
    }

    void set_role(std::string role) {
        role_ = std::move(role);
        logger_ = std::make_unique<spdlog::logger>(escape(role_), sink_);
        logger_->set_level(spdlog::level::trace);
    }

    void redirect(int fd) { sink_->redirect(fd); }

    [[nodiscard]] bool enabled(Level level) const { return level >= level_; }

    void write(Level level, std::string_view text) {
        const std::string clean = escape(text);
        logger_->log(to_spdlog(level), spdlog::string_view_t(clean.data(), clean.size()));
    }

  private:
    [[nodiscard]] std::string escape(std::string_view text) const {
        return format_ == Format::Json ? escape_json(text) : escape_lines(text);
    }

    Level level_ = Level::Info;
    Format format_ = Format::Text;
    std::string role_ = "geventd";
    // Shared because spdlog's loggers hold their sinks so.
    std::shared_ptr<DescriptorSink> sink_ = std::make_shared<DescriptorSink>();
    std::unique_ptr<spdlog::logger> logger_;
};

State& state() {
    static State instance;
    return instance;
}

}  // namespace

void open(int fd, Level level, Format format) {
    state().open(fd, level, format);
}

void set_role(std::string role) {
    state().set_role(std::move(role));
}

void redirect(int fd) {
    state().redirect(fd);
}

bool enabled(Level level) {
    return state().enabled(level);
}

void write(Level level, std::string_view text) {
    const int saved = errno;
    state().write(level, text);
    errno = saved;
}

}  // namespace geventd::log
