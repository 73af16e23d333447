// SPDX-License-Identifier: MIT
#include "master/schedule/file_monitor.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/errno_error.h"
#include "master/host/rights_of.h"

namespace geventd::master {

namespace {

constexpr std::uint32_t kWay = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                               IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr std::uint32_t kSelf = IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MODIFY |
                                IN_MOVE_SELF | IN_MOVED_FROM | IN_MOVED_TO;
constexpr int kRounds = 8;
constexpr std::uint32_t kGone = IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF;

std::string normal(const std::string& path) {
    std::string result = std::filesystem::absolute(path).lexically_normal().string();
    while (result.size() > 1 && result.back() == '/') {
        result.pop_back();
    }
    return result;
}

}  // namespace

void FileMonitor::add(std::uint64_t id, const std::string& path, const Identity& rights) {
    if (!inotify_) {
        inotify_ = UniqueFd::adopt(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
        if (!inotify_) {
            throw_errno("inotify");
        }
    }
    remove(id);
    Entry& entry = entries_[id];
    entry.path = normal(path);
    entry.rights = rights;
    try {
        watch_way(id, entry);
    } catch (const ErrnoError&) {
        remove(id);
        throw;
    }
}

void FileMonitor::remove(std::uint64_t id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
        return;
    }
    for (const int watch : found->second.watches) {
        drop_interest(id, watch);
    }
    entries_.erase(found);
}

void FileMonitor::drop_interest(std::uint64_t id, int watch) {
    const auto found = interests_.find(watch);
    if (found == interests_.end()) {
        return;
    }
    std::erase_if(found->second, [id](const Interest& interest) { return interest.id == id; });
    if (found->second.empty()) {
        interests_.erase(found);
        ::inotify_rm_watch(inotify_.get(), watch);
    }
}

/// Watches the path and every directory on the way to it that exists, from the root down. Since
/// each directory is watched before the next step, a step created meanwhile causes an event.
void FileMonitor::watch_way(std::uint64_t id, Entry& entry) {
    const RightsOf rights(entry.rights);
    const std::set<int> before = std::exchange(entry.watches, {});
    for (const int watch : before) {
        std::erase_if(interests_[watch], [id](const Interest& one) { return one.id == id; });
    }
    std::size_t slash = 0;
    bool there = true;
    while (there && slash != std::string::npos && entry.path != "/") {
        const std::size_t end = entry.path.find('/', slash + 1);
        const std::string name = entry.path.substr(slash + 1, end - slash - 1);
        const std::string directory = slash == 0 ? "/" : entry.path.substr(0, slash);
        there = watch(directory, kWay, {id, name}, entry);
        slash = end;
    }
    entry.file = {};

    struct stat status {};

    if (there && watch(entry.path, kSelf, {id, {}}, entry) &&
        ::stat(entry.path.c_str(), &status) == 0) {
        entry.file = {status.st_dev, status.st_ino};
    }
    for (const int watch : before) {
        drop_interest(id, entry.watches.contains(watch) ? -1 : watch);
    }
}

/// False when the path does not exist. A directory without read permission counts as existing.
bool FileMonitor::watch(const std::string& path, std::uint32_t mask, const Interest& interest,
                        Entry& entry) {
    const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), mask | IN_MASK_ADD);
    if (watch < 0) {
        if (errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP) {
            return errno == EACCES;
        }
        throw_errno("inotify_add_watch", path);
    }
    interests_[watch].insert(interest);
    entry.watches.insert(watch);
    return true;
}

std::set<std::uint64_t> FileMonitor::changed() {
    std::set<std::uint64_t> touched;
    std::set<std::uint64_t> moved;
    read_events(touched, moved);
    // Each round handles events that occurred while the last one renewed the watches; events
    // during the last round leave the descriptor readable.
    for (int round = 1; round <= kRounds && !moved.empty(); ++round) {
        for (const std::uint64_t id : std::exchange(moved, {})) {
            Entry& entry = entries_[id];
            const File was = entry.file;
            try {
                watch_way(id, entry);
            } catch (const ErrnoError&) {
                touched.insert(id);  // no watch is left: reports at least this change
            }
            if (entry.file != was) {
                touched.insert(id);
            }
        }
        if (round < kRounds) {
            read_events(touched, moved);
        }
    }
    return touched;
}

void FileMonitor::read_events(std::set<std::uint64_t>& touched, std::set<std::uint64_t>& moved) {
    alignas(inotify_event) char buffer[16384];
    for (;;) {
        const ssize_t size = ::read(inotify_.get(), buffer, sizeof buffer);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            return;
        }
        for (ssize_t at = 0; at < size;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            const std::string_view name = event->len == 0 ? "" : event->name;
            on_event(event->wd, event->mask, name, touched, moved);
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
    }
}

void FileMonitor::on_event(int watch, std::uint32_t mask, std::string_view name,
                           std::set<std::uint64_t>& touched, std::set<std::uint64_t>& moved) {
    if ((mask & IN_Q_OVERFLOW) != 0) {
        for (const auto& [id, entry] : entries_) {
            touched.insert(id);
            moved.insert(id);
        }
        return;
    }
    const auto found = interests_.find(watch);
    if (found == interests_.end()) {
        return;
    }
    for (const Interest& interest : found->second) {
        const bool gone = (mask & kGone) != 0;
        if (gone || (interest.name == name && (mask & kWay) != 0 && !name.empty())) {
            moved.insert(interest.id);
        }
        if (interest.name.empty() && (mask & IN_IGNORED) == 0) {
            touched.insert(interest.id);
        }
    }
    if ((mask & IN_IGNORED) != 0) {
        for (const Interest& interest : found->second) {
            entries_[interest.id].watches.erase(watch);
        }
        interests_.erase(found);
    }
}

}  // namespace geventd::master
