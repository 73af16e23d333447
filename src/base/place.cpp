// SPDX-License-Identifier: MIT
#include "base/place.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdint>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include <fmt/core.h>

#include "base/access_list.h"
#include "base/errno_error.h"

// getpwnam() and the like return static memory: call these functions from one thread only.

namespace geventd {

namespace {

constexpr int kMostLinks = 40;

// The kernel shows this uid for users that a user namespace does not map, such as the host's root.
constexpr uid_t kUnmapped = 65534;

constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

bool has_user(uid_t user) {
    std::ifstream map("/proc/self/uid_map");
    std::uint64_t first = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    if (!(map >> first >> outside >> count)) {
        return true;
    }
    do {
        if (first <= user && user < first + count) {
            return true;
        }
    } while (map >> first >> outside >> count);
    return false;
}

/// The group that some systems create for each user, who is its only member.
bool is_private_group(gid_t group) {
    const passwd* user = ::getpwuid(::geteuid());
    if (user == nullptr || user->pw_gid != group) {
        return false;
    }
    const std::string name = user->pw_name;
    const ::group* entry = ::getgrgid(group);
    if (entry == nullptr || entry->gr_name != name) {
        return false;
    }
    for (char** member = entry->gr_mem; *member != nullptr; ++member) {
        if (*member != name) {
            return false;
        }
    }
    return true;
}

/// Ubuntu's /var/log belongs to this group: who writes root's logs may replace them anyway.
bool is_syslog(gid_t group) {
    const ::group* entry = ::getgrgid(group);
    return entry != nullptr && entry->gr_name == std::string_view("syslog");
}

std::string path_of(int folder) {
    std::array<char, PATH_MAX> text{};
    const std::string link = fmt::format("/proc/self/fd/{}", folder);
    const ssize_t size = ::readlink(link.c_str(), text.data(), text.size());
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "its folder";
}

class Walk {
  public:
    Walk(const std::string& deed, LastLink last, const std::optional<Tenant>& tenant)
        : deed_(deed), last_(last), tenant_(tenant) {}

    Place go(const std::string& path) {
        enter(path);
        while (!ahead_.empty()) {
            step();
        }
        if (place_.name.empty()) {
            throw ErrnoError(EISDIR, deed_);
        }
        return std::move(place_);
    }

  private:
    void enter(const std::string& path) {
        if (path.empty()) {
            throw ErrnoError(ENOENT, deed_);
        }
        if (!place_.folder || path.front() == '/') {
            hold(AT_FDCWD, path.front() == '/' ? "/" : ".");
        }
        std::vector<std::string> names;
        for (std::size_t at = 0; at < path.size();) {
            const std::size_t end = std::min(path.find('/', at), path.size());
            if (end > at) {
                names.push_back(path.substr(at, end - at));
            }
            at = end + 1;
        }
        ahead_.insert(ahead_.begin(), names.begin(), names.end());
    }

    void step() {
        const std::string name = ahead_.front();
        ahead_.pop_front();
        place_.name.clear();
        if (name == "." || name == "..") {
            return hold(place_.folder.get(), name);
        }

        struct stat entry {};

        const bool is_there =
            ::fstatat(place_.folder.get(), name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0;
        if (!is_there && (errno != ENOENT || !ahead_.empty())) {
            throw_errno(deed_);
        }
        place_.is_folder_sure = place_.strangers.empty();
        judge(is_there ? &entry : nullptr);
        if (is_there && S_ISLNK(entry.st_mode) && (!ahead_.empty() || last_ == LastLink::Follow)) {
            return follow(name);
        }
        if (ahead_.empty()) {
            place_.name = name;
            return;
        }
        hold(place_.folder.get(), name);
    }

    void hold(int folder, const std::string& name, int more_flags = O_NOFOLLOW) {
        const int fd = ::openat(folder, name.c_str(), kFolderFlags | more_flags);
        if (fd < 0) {
            throw_errno(deed_);
        }
        place_.folder = UniqueFd::adopt(fd);
    }

    /// Records who may replace an entry of the folder.
    void judge(const struct stat* entry) {
        struct stat folder {};

        if (::fstat(place_.folder.get(), &folder) != 0) {
            throw_errno(deed_);
        }
        const std::string path = path_of(place_.folder.get());
        place_.is_free_for_all = false;
        if (!trusts_user(folder.st_uid)) {
            place_.strangers.add_user(folder.st_uid, path);
        }
        const Strangers writers = writers_of(folder, path);
        place_.is_shared = !writers.empty();
        if (writers.empty()) {
            return;
        }
        if ((folder.st_mode & S_ISVTX) != 0) {  // users may change only their own entries
            if (entry != nullptr) {
                if (!trusts_user(entry->st_uid)) {
                    place_.strangers.add_user(entry->st_uid, path);
                }
                return;
            }
            place_.is_free_for_all = place_.strangers.empty();
        }
        place_.strangers.add(writers);
    }

    /// Strangers, besides the owner, who may create files in the folder.
    [[nodiscard]] Strangers writers_of(const struct stat& folder, const std::string& path) const {
        Strangers writers;
        if ((folder.st_mode & S_IWOTH) != 0) {
            writers.add_everybody(path);
            return writers;
        }
        if ((folder.st_mode & S_IWGRP) == 0) {  // also the mask of an access control list
            return writers;
        }
        const AccessList writing = read_writers(place_.folder.get(), folder.st_gid, deed_);
        for (const uid_t user : writing.users) {
            if (!trusts_user(user)) {
                writers.add_user(user, path);
            }
        }
        for (const gid_t group : writing.groups) {
            if (!trusts_group(group)) {
                writers.add_group(group, path);
            }
        }
        return writers;
    }

    [[nodiscard]] bool trusts_user(uid_t user) const {
        return (!tenant_ || tenant_->user != user) && is_trusted(user);
    }

    [[nodiscard]] bool trusts_group(gid_t group) const {
        if (tenant_ && std::find(tenant_->groups.begin(), tenant_->groups.end(), group) !=
                           tenant_->groups.end()) {
            return false;
        }
        return group == 0 || (::geteuid() != 0 && is_private_group(group)) || is_syslog(group);
    }

    void follow(const std::string& name) {
        if (is_own_descriptor(name)) {
            return;
        }
        if (!place_.strangers.empty()) {
            if (ahead_.empty()) {
                place_.name = name;  // the caller does not follow it
                return;
            }
            throw std::runtime_error(fmt::format("{}: {}/{} is a link, which is not followed: {}",
                                                 deed_, path_of(place_.folder.get()), name,
                                                 place_.strangers.text()));
        }
        if (++links_ > kMostLinks) {
            throw ErrnoError(ELOOP, deed_);
        }
        if (is_in_proc()) {
            return follow_in_proc(name);
        }
        std::array<char, PATH_MAX> target{};
        const ssize_t size =
            ::readlinkat(place_.folder.get(), name.c_str(), target.data(), target.size());
        if (size < 0) {
            throw_errno(deed_);
        }
        enter(std::string(target.data(), static_cast<std::size_t>(size)));
    }

    [[nodiscard]] bool is_in_proc() const {
        struct statfs system {};

        return ::fstatfs(place_.folder.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
    }

    // The text of such a link may be no path ("pipe:[42]"), or a path below another root.
    void follow_in_proc(const std::string& name) {
        if (!ahead_.empty()) {
            return hold(place_.folder.get(), name, 0);
        }
        place_.name = name;
        place_.is_kernels_link = true;
    }

    // The text of links in /proc/self/fd may be a path that no longer exists.
    bool is_own_descriptor(const std::string& name) {
        struct stat folder {};

        struct stat own {};

        int number = 0;
        const char* end = name.data() + name.size();
        if (!ahead_.empty() || ::fstat(place_.folder.get(), &folder) != 0 ||
            ::stat("/proc/self/fd", &own) != 0 || folder.st_ino != own.st_ino ||
            folder.st_dev != own.st_dev || std::from_chars(name.data(), end, number).ptr != end) {
            return false;
        }
        place_.name = name;
        place_.descriptor = number;
        return true;
    }

    const std::string& deed_;
    LastLink last_;
    const std::optional<Tenant>& tenant_;
    Place place_;
    std::deque<std::string> ahead_;
    int links_ = 0;
};

}  // namespace

bool is_trusted(uid_t user) {
    return user == 0 || user == ::geteuid() || (user == kUnmapped && !has_user(kUnmapped));
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry == nullptr ? fmt::format("user {}", user) : fmt::format("user {}", entry->pw_name);
}

void Strangers::add_user(uid_t user, const std::string& folder) {
    all_.push_back({user, {}, folder});
}

void Strangers::add_group(gid_t group, const std::string& folder) {
    all_.push_back({{}, group, folder});
}

void Strangers::add_everybody(const std::string& folder) {
    all_.push_back({{}, {}, folder});
}

void Strangers::add(const Strangers& others) {
    all_.insert(all_.end(), others.all_.begin(), others.all_.end());
}

bool Strangers::include(uid_t user, const std::vector<gid_t>& groups) const {
    return std::any_of(all_.begin(), all_.end(), [&](const One& one) {
        if (one.user) {
            return *one.user == user;
        }
        return !one.group || std::find(groups.begin(), groups.end(), *one.group) != groups.end();
    });
}

std::string Strangers::text() const {
    if (all_.empty()) {
        return "nobody may change it";
    }
    const One& one = all_.front();
    if (one.user) {
        return fmt::format("{} may change it in {}", user_text(*one.user), one.folder);
    }
    if (!one.group) {
        return fmt::format("everybody may change {}", one.folder);
    }
    const ::group* entry = ::getgrgid(*one.group);
    return fmt::format("group {} may change {}",
                       entry == nullptr ? std::to_string(*one.group) : entry->gr_name, one.folder);
}

Place find_place(const std::string& deed, const std::string& path, LastLink last,
                 const std::optional<Tenant>& tenant) {
    return Walk(deed, last, tenant).go(path);
}

}  // namespace geventd
