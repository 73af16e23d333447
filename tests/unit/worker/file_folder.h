// SPDX-License-Identifier: MIT
// A folder of files for a test, removed afterwards.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace geventd::worker {

class FileFolder {
  public:
    FileFolder() {
        std::string name = testing::TempDir() + "filesXXXXXX";
        path_ = ::mkdtemp(name.data());
    }

    FileFolder(const FileFolder&) = delete;
    FileFolder& operator=(const FileFolder&) = delete;

    ~FileFolder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string path(std::string_view name = "") const {
        return (path_ / name).string();
    }

    void write(std::string_view name, std::string_view content) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << content;
    }

    void link(std::string_view name, std::string_view target) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::filesystem::create_symlink(target, path_ / name);
    }

  private:
    std::filesystem::path path_;
};

}  // namespace geventd::worker
