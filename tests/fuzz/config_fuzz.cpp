// SPDX-License-Identifier: MIT
//
// Any bytes as a configuration: it is refused with positions and reasons, or it loads; then the
// dump that is passed to the workers loads again with the same values.
#include <optional>
#include <string>

#include "config/yaml/plain_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/config/load_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace geventd::config;
    using geventd::fuzz::require;
    std::optional<Settings> settings;
    try {
        settings = load_text(std::string(geventd::fuzz::to_view(data, size)));
    } catch (const Errors& errors) {
        require(!errors.lines().empty());
        for (const std::string& line : errors.lines()) {
            require(line.starts_with("/proc/self/fd/") || line.starts_with("... and "));
            require(is_utf8(line) && line.find('\n') == std::string::npos);
        }
        return 0;
    }
    const std::string effective = dump(*settings);
    require(dump(load_effective(effective)) == effective);
    return 0;
}
