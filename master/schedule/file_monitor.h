// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/fd.h"
#include "master/host/privileges.h"

namespace geventd::master {

/// Reports which watched files and directories have changed: contents, attributes, entries of a
/// directory (not of its sub-directories), and the path itself appearing, disappearing or becoming
/// another file. A path is watched by name, not by inode, together with each directory on the way
/// to it. So files that an editor replaces, directories that are removed and created again, and
/// retargeted symbolic links stay watched. The path need not exist.
/// Lives in: master, which watches fd() for reading and then calls changed(). Creates its inotify
/// instance at the first add().
class FileMonitor {
  public:
    /// Watches `path` (absolute, or relative to the working directory) under the caller's id.
    /// `rights`: of the user that asked for it, if not the master, so that it learns only of what
    /// it may access. Throws ErrnoError when the system's limit of watches is reached.
    void add(std::uint64_t id, const std::string& path, const Identity& rights = {});
    void remove(std::uint64_t id);

    /// The ids of what has changed since the last call, each once.
    std::set<std::uint64_t> changed();

    /// -1 before the first add().
    [[nodiscard]] int fd() const { return inotify_.get(); }

  private:
    /// The file that a path leads to.
    struct File {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;  ///< 0: no such file
        bool operator==(const File& other) const = default;
    };

    /// Why a directory or file is watched: for itself (no name), or for one name in it, the next
    /// step of a path.
    struct Interest {
        std::uint64_t id = 0;
        std::string name;

        bool operator==(const Interest& other) const = default;

        bool operator<(const Interest& other) const {
            return std::tie(id, name) < std::tie(other.id, other.name);
        }
    };

    struct Entry {
        std::string path;
        Identity rights;
        File file;
        std::set<int> watches;
    };

    void read_events(std::set<std::uint64_t>& touched, std::set<std::uint64_t>& moved);
    void on_event(int watch, std::uint32_t mask, std::string_view name,
                  std::set<std::uint64_t>& touched, std::set<std::uint64_t>& moved);
    void watch_way(std::uint64_t id, Entry& entry);
    bool watch(const std::string& path, std::uint32_t mask, const Interest& interest, Entry& entry);
    void drop_interest(std::uint64_t id, int watch);

    UniqueFd inotify_;
    std::map<std::uint64_t, Entry> entries_;
    std::map<int, std::set<Interest>> interests_;  ///< by watch descriptor
};

}  // namespace geventd::master
