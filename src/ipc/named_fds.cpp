// SPDX-License-Identifier: MIT
#include "ipc/named_fds.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace geventd::ipc {

namespace {

// The first word of a text, which is taken away from it.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

// How many descriptors a word such as "listener*2" stands for; the word becomes its name.
std::size_t split_count(std::string_view& word) {
    const std::size_t star = word.find('*');
    if (star == std::string_view::npos) {
        return 1;
    }
    std::size_t count = 0;
    std::from_chars(word.data() + star + 1, word.data() + word.size(), count);
    word = word.substr(0, star);
    return count;
}

}  // namespace

NamedFds::NamedFds(std::string_view names, std::vector<UniqueFd> fds) {
    auto next = fds.begin();
    while (!names.empty()) {
        std::string_view name = next_word(names);
        const std::size_t count = split_count(name);
        if (count > static_cast<std::size_t>(fds.end() - next)) {
            throw std::runtime_error("fewer descriptors came than were named");
        }
        const auto end = next + static_cast<std::ptrdiff_t>(count);
        add_all(name, {std::make_move_iterator(next), std::make_move_iterator(end)});
        next = end;
    }
    if (next != fds.end()) {
        throw std::runtime_error("more descriptors came than were named");
    }
}

void NamedFds::add(std::string_view name, UniqueFd fd) {
    std::vector<UniqueFd> one;
    one.push_back(std::move(fd));
    add_all(name, std::move(one));
}

void NamedFds::add_all(std::string_view name, std::vector<UniqueFd> fds) {
    if (groups_.empty() || groups_.back().name != name) {
        groups_.push_back({std::string(name), {}});
    }
    std::move(fds.begin(), fds.end(), std::back_inserter(groups_.back().fds));
}

UniqueFd NamedFds::take(std::string_view name) {
    std::vector<UniqueFd> fds = take_all(name);
    if (fds.size() != 1) {
        throw std::runtime_error(
            fmt::format("{} descriptors of the name {} came, expected one", fds.size(), name));
    }
    return std::move(fds.front());
}

std::vector<UniqueFd> NamedFds::take_all(std::string_view name) {
    std::vector<UniqueFd> taken;
    for (Group& group : groups_) {
        if (group.name == name) {
            std::move(group.fds.begin(), group.fds.end(), std::back_inserter(taken));
        }
    }
    std::erase_if(groups_, [&](const Group& group) { return group.name == name; });
    return taken;
}

void NamedFds::expect_none() const {
    if (!groups_.empty()) {
        throw std::runtime_error(fmt::format("nobody takes the descriptors {}", names()));
    }
}

std::string NamedFds::names() const {
    std::string text;
    for (const Group& group : groups_) {
        text += fmt::format("{}{}", text.empty() ? "" : " ", group.name);
        if (group.fds.size() != 1) {
            text += fmt::format("*{}", group.fds.size());
        }
    }
    return text;
}

std::vector<UniqueFd> NamedFds::release() {
    std::vector<UniqueFd> fds;
    for (Group& group : std::exchange(groups_, {})) {
        std::move(group.fds.begin(), group.fds.end(), std::back_inserter(fds));
    }
    return fds;
}

}  // namespace geventd::ipc
