// SPDX-License-Identifier: MIT
//
// Makes the man page of geventctl: reads a template and replaces @version@ and @commands@. Used by
// the build, not installed.
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/version.h"
#include "master/ctl/verbs.h"

namespace {

// False when the page has no such mark.
bool replace(std::string& page, std::string_view mark, std::string_view text) {
    const auto at = page.find(mark);
    if (at == std::string::npos) {
        return false;
    }
    page.replace(at, mark.size(), text);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    std::ostringstream text;
    text << std::ifstream(argv[1]).rdbuf();
    std::string page = text.str();
    if (!replace(page, "@version@", geventd::kVersion) ||
        !replace(page, "@commands@\n", geventd::ctl::manual_of_verbs())) {
        return 1;
    }
    std::ofstream file(argv[2]);
    file << page;
    file.close();
    return file ? 0 : 1;
}
