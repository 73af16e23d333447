// SPDX-License-Identifier: MIT
#include "master/ctl/view/stacks_view.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "log/escape.h"
#include "master/ctl/view/document.h"
#include "master/ctl/view/quantities.h"

namespace geventd::ctl {

namespace {

/// Greenlets that share one description and one stack.
struct Group {
    std::string title;
    std::size_t stack = 0;
    std::size_t count = 0;
    double age = -1;
};

std::string title_of(const Document& greenlet) {
    const std::string kind = greenlet["kind"].text();
    std::string title = greenlet["name"].text();
    if (kind == "background" || kind == "raw") {
        title = fmt::format("{} greenlet in {}", kind, title);
    }
    if (!greenlet["age"].is_null()) {
        title += ", " + format_short_age(greenlet["age"].number());
    }
    if (!greenlet["request"].is_null()) {
        title += ", request " + greenlet["request"].text();
    }
    if (!greenlet["spawned"].is_null()) {
        title += ", spawned at " + greenlet["spawned"].text();
    }
    return greenlet["state"].text() == "running" && kind != "hub" ? title + ", running" : title;
}

std::vector<Group> groups_of(const Document& found) {
    std::vector<Group> groups;
    std::map<std::pair<std::string, std::size_t>, std::size_t> known;
    for (const Document& greenlet : found["greenlets"].objects()) {
        std::string title = title_of(greenlet);
        const auto stack = static_cast<std::size_t>(greenlet["stack"].number().value_or(0));
        const auto [place, is_new] = known.emplace(std::pair(title, stack), groups.size());
        if (is_new) {
            groups.push_back({std::move(title), stack, 0, greenlet["age"].number().value_or(-1)});
        }
        ++groups[place->second].count;
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& one, const Group& other) { return one.age > other.age; });
    return groups;
}

std::string format_stack(const Document& stack) {
    std::string text;
    for (const Document& call : stack.objects()) {
        text += fmt::format("    File \"{}\", line {}, in {}\n", call["file"].text(),
                            call["line"].text(), call["function"].text());
    }
    return text.empty() ? "    (no Python code)\n" : text;
}

// Indents each line of the server's text by two spaces.
std::string indented(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        result += "  " + log::escape_controls(text.substr(0, end)) + "\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::string format_worker(const Document& worker) {
    const Document found = worker["found"];
    std::string text = fmt::format("worker {} (pid {}) of generation {}: ", worker["worker"].text(),
                                   worker["pid"].text(), worker["generation"].text());
    text += worker["error"].is_null()
                ? fmt::format("{} greenlets\n", found["greenlets"].items().size())
                : worker["error"].text() + "\n";
    if (!worker["blocked"].is_null()) {
        text += "its hub is blocked by:\n" + indented(worker["blocked"].raw_text());
    }
    const std::vector<Document> stacks = found["stacks"].items();
    for (const Group& group : groups_of(found)) {
        text += "\n  " + group.title;
        text += group.count > 1 ? fmt::format(" ({} of them)\n", group.count) : "\n";
        text += group.stack < stacks.size() ? format_stack(stacks[group.stack]) : "";
    }
    return text;
}

}  // namespace

Result<std::string> format_stacks(std::string_view document) {
    const auto answer = Document::parse(document);
    if (!answer || !answer->is_object()) {
        return failure("the server's answer cannot be read");
    }
    std::string text;
    for (const Document& worker : (*answer)["workers"].objects()) {
        text += (text.empty() ? "" : "\n") + format_worker(worker);
    }
    return text;
}

}  // namespace geventd::ctl
