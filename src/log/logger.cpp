// SPDX-License-Identifier: MIT
#include "log/logger.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "log/escape.h"
#include "log/outlet.h"

// spdlog formats the line and its time stamp. The sink is ours, since spdlog's write through FILE,
// which splits a long line into several writes, and its asynchronous modes do not survive a fork.

namespace geventd::log {

namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %n[%P]: %v";
constexpr const char* kJsonPattern =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","process":"%n","pid":%P,"message":"%v"})";

std::string_view severity_mark(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::debug:
            return "<7>";
        case spdlog::level::warn:
            return "<4>";
        case spdlog::level::err:
            return "<3>";
        default:
            return "<6>";
    }
}

class OutletSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    void open(int fd) {
        const std::lock_guard lock(mutex_);
        outlet_.open(fd);
    }

    void adopt(UniqueFd fd) {
        const std::lock_guard lock(mutex_);
        outlet_.adopt(std::move(fd));
    }

    void move_up() {
        const std::lock_guard lock(mutex_);
        outlet_.move_up();
    }

    void set_role(const std::string& role) {
        const std::lock_guard lock(mutex_);
        role_ = role;
    }

    void mark_severities(bool on) {
        const std::lock_guard lock(mutex_);
        marks_ = on;
    }

    void write_raw(std::string_view line) {
        const std::lock_guard lock(mutex_);
        tell_losses();
        outlet_.write(line);
    }

    void retry() {
        const std::lock_guard lock(mutex_);
        outlet_.retry();
        tell_losses();
    }

    void finish() {
        const std::lock_guard lock(mutex_);
        tell_losses();
        outlet_.finish();
    }

    bool is_behind() {
        const std::lock_guard lock(mutex_);
        return outlet_.has_kept() || outlet_.lost() > 0;
    }

    int descriptor() {
        const std::lock_guard lock(mutex_);
        return outlet_.descriptor();
    }

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        tell_losses();
        emit(message);
    }

    void flush_() override {}

  private:
    bool emit(const spdlog::details::log_msg& message) {
        spdlog::memory_buf_t line;
        if (marks_) {
            line.append(severity_mark(message.level));
        }
        formatter_->format(message, line);
        return outlet_.write({line.data(), line.size()});
    }

    // Must be logged before the next line, where the lost ones would have been.
    void tell_losses() {
        const std::uint64_t lost = outlet_.lost();
        if (lost == 0) {
            return;
        }
        outlet_.set_lost(0);
        const std::string text = fmt::format(
            "{} {} of this process {} lost here: the log could not be written, or "
            "nobody read it",
            lost, lost == 1 ? "line" : "lines", lost == 1 ? "was" : "were");
        if (!emit({role_, spdlog::level::warn, text})) {
            // Exclude this line itself from the count, but keep lines that were lost meanwhile.
            outlet_.set_lost(lost + outlet_.lost() - 1);
        }
    }

    Outlet outlet_;
    std::string role_;
    bool marks_ = false;
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

/// The log of this process; before open() it writes text to stderr.
class State {
  public:
    State() { open(STDERR_FILENO, Level::Info, Format::Text); }

    void open(int fd, Level level, Format format) {
        level_ = level;
        format_ = format;
        sink_->open(fd);
        sink_->set_formatter(make_formatter());
        set_role(role_);
    }

    void open_access(int fd) {
        if (access_) {
            access_->open(fd);  // lines that could not be written yet go on
            return;
        }
        access_ = std::make_unique<OutletSink>();
        access_->open(fd);
        access_->set_formatter(make_formatter());
        access_->set_role(escape(role_));
        if (is_high_) {
            access_->move_up();
        }
    }

    void close_access() { access_.reset(); }

    void move_up() {
        is_high_ = true;
        for_each_sink([](OutletSink& sink) { sink.move_up(); });
    }

    void set_role(std::string role) {
        role_ = std::move(role);
        for_each_sink([&](OutletSink& sink) { sink.set_role(escape(role_)); });
        logger_ = std::make_unique<spdlog::logger>(escape(role_), sink_);
        logger_->set_level(spdlog::level::trace);
    }

    [[nodiscard]] OutletSink& sink() { return *sink_; }

    [[nodiscard]] OutletSink& access() { return access_ ? *access_ : *sink_; }

    template <typename Do>
    void for_each_sink(Do act) {
        act(*sink_);
        if (access_) {
            act(*access_);
        }
    }

    [[nodiscard]] bool enabled(Level level) const { return level >= level_; }

    void write(Level level, std::string_view text) {
        const std::string clean = escape(text);
        logger_->log(to_spdlog(level), spdlog::string_view_t(clean.data(), clean.size()));
    }

  private:
    [[nodiscard]] std::unique_ptr<spdlog::formatter> make_formatter() const {
        return std::make_unique<spdlog::pattern_formatter>(
            format_ == Format::Json ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc,
            "\n");
    }

    [[nodiscard]] std::string escape(std::string_view text) const {
        return format_ == Format::Json ? escape_json(text) : escape_lines(text);
    }

    Level level_ = Level::Info;
    Format format_ = Format::Text;
    std::string role_ = "geventd";
    // Shared because spdlog's loggers own their sinks that way.
    std::shared_ptr<OutletSink> sink_ = std::make_shared<OutletSink>();
    std::unique_ptr<OutletSink> access_;  ///< null: the access log goes with the log
    bool is_high_ = false;
    std::unique_ptr<spdlog::logger> logger_;
};

std::atomic<bool> silent = false;

State& state() {
    static State instance;
    return instance;
}

}  // namespace

void open(int fd, Level level, Format format) {
    state().open(fd, level, format);
}

void mark_severities(bool on) {
    state().sink().mark_severities(on);
}

void set_role(std::string role) {
    state().set_role(std::move(role));
}

void adopt(UniqueFd fd) {
    state().sink().adopt(std::move(fd));
}

void move_up() {
    state().move_up();
}

int unwaiting_descriptor() {
    return state().sink().descriptor();
}

void redirect(int fd) {
    state().sink().open(fd);
}

void write_raw(std::string_view line) {
    if (!silent) {
        state().sink().write_raw(line);
    }
}

void open_access(int fd) {
    state().open_access(fd);
}

void close_access() {
    state().close_access();
}

void write_access(std::string_view line) {
    if (!silent) {
        state().access().write_raw(line);
    }
}

void retry() {
    if (!silent) {
        state().for_each_sink([](OutletSink& sink) { sink.retry(); });
    }
}

bool is_behind() {
    return !silent && (state().sink().is_behind() || state().access().is_behind());
}

void finish() {
    if (!silent) {
        state().for_each_sink([](OutletSink& sink) { sink.finish(); });
    }
}

void fall_silent() noexcept {
    silent = true;
}

bool enabled(Level level) {
    return !silent && state().enabled(level);
}

void write(Level level, std::string_view text) {
    const int saved = errno;
    state().write(level, text);
    errno = saved;
}

}  // namespace geventd::log
