// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct dl_phdr_info;

namespace geventd::py {

/// Whose the code at an address is, by the shared object that it was loaded from.
/// Lives in: worker, Python side.
class LoadedCode {
  public:
    enum class Owner {
        Python,    ///< CPython, its extension modules and gevent's greenlets
        Geventd,   ///< this program
        Greenlet,  ///< the package greenlet: where the stack of each greenlet begins
        Other
    };

    /// Throws PythonError.
    LoadedCode();

    /// Looks for objects that were loaded or unloaded meanwhile. While memory is short all code is
    /// that of others.
    void renew() noexcept;

    [[nodiscard]] Owner owner_of(std::uintptr_t address) const;

  private:
    struct Range {
        std::uintptr_t begin;
        std::uintptr_t end;
        Owner owner;
    };

    /// An object that contains this address belongs to `owner`.
    struct Mark {
        std::uintptr_t address;
        Owner owner;
    };

    static std::vector<Range> parts_of(const dl_phdr_info& object);
    [[nodiscard]] Owner owner_of_object(std::string_view path,
                                        const std::vector<Range>& parts) const;
    void add(std::string_view path, std::vector<Range> parts);

    std::vector<Mark> marks_;
    std::string extensions_;     ///< the folder of CPython's extension modules
    std::vector<Range> ranges_;  ///< of all owners but Other
    std::uint64_t changes_ = 0;  ///< how often objects had been loaded and unloaded
};

/// The address of a function by its name; 0 when no loaded object has it.
std::uintptr_t address_of(const char* function);

}  // namespace geventd::py
