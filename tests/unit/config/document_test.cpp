// SPDX-License-Identifier: MIT
#include "config/document.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "config/catalogue.h"

namespace geventd::config {
namespace {

TEST(ConfigurationPage, IsTheOneInTheDocs) {
    std::ifstream file(DOCS_DIR "/configuration.md", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), configuration_page()) << "stale: run `ninja -C build config-docs`";
}

TEST(ConfigurationPage, NamesEveryKey) {
    const std::string page = configuration_page();
    for (const std::string& key : all_keys()) {
        EXPECT_TRUE(page.find("`" + key + "`") != std::string::npos ||
                    page.find("\n## " + key + "\n") != std::string::npos)
            << key;
    }
}

TEST(ManPage, NamesEveryKey) {
    std::string page = configuration_man_page();
    page.erase(std::remove(page.begin(), page.end(), '\\'), page.end());
    for (const std::string& key : all_keys()) {
        EXPECT_TRUE(page.find("*" + key + "*: ") != std::string::npos ||
                    page.find("\n# " + key + "\n") != std::string::npos)
            << key;
    }
}

}  // namespace
}  // namespace geventd::config
