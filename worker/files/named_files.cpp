// SPDX-License-Identifier: MIT
#include "worker/files/named_files.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "http/path.h"
#include "worker/files/tidy_path.h"

namespace geventd::worker {

namespace {

using config::SendfileHeader;

// What a request's name begins with, so that it tells which header had it.
constexpr char kWhole = 's';
constexpr char kMapped = 'a';

std::string real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
    return real == nullptr ? "" : real.get();
}

std::string tidy(const std::string& root) {
    std::string result;
    return tidy_path(root, result) ? result : root;
}

// A root of "/" has no slash of its own before what follows.
std::string_view bare(const std::string& root) {
    return root == "/" ? std::string_view("") : std::string_view(root);
}

}  // namespace

NamedFiles::NamedFiles(const std::vector<config::Sendfile>& entries) {
    for (const config::Sendfile& entry : entries) {
        doors_.push_back(
            {entry.header, sendfile_area(entry), tidy(entry.root), real_path(entry.root)});
        has_sendfile_ = has_sendfile_ || entry.header == SendfileHeader::XSendfile;
        has_accel_ = has_accel_ || entry.header == SendfileHeader::XAccelRedirect;
    }
    std::stable_sort(doors_.begin(), doors_.end(), [](const Door& a, const Door& b) {
        return a.area.prefix.size() > b.area.prefix.size();
    });
}

void NamedFiles::take_name(Request& request) const {
    http::ResponseHead& head = request.answer.head();
    request.named_file.clear();
    const auto take = [&](bool is_on, std::string_view header, char mark) {
        const auto name = is_on ? head.take(header) : std::nullopt;
        if (name && !name->empty()) {
            request.named_file = mark + *name;
        }
    };
    take(has_sendfile_, "x-sendfile", kWhole);
    take(has_accel_, "x-accel-redirect", kMapped);
    if (head.status() != 200 && head.status() != 206) {
        request.named_file.clear();
    }
    if (request.named_file.empty()) {
        return;
    }
    for (const std::string_view of_body :
         {"accept-ranges", "content-digest", "content-encoding", "content-length", "content-md5",
          "content-range", "digest", "etag", "last-modified", "repr-digest"}) {
        head.take(of_body);
    }
    if (const auto type = head.take("content-type"); type && !type->empty()) {
        head.add("Content-Type", *type);
    }
    if (head.status() != 200) {
        head.change_status(200);
    }
}

std::string_view NamedFiles::header_of(const Request& request) {
    return request.named_file.front() == kMapped ? "X-Accel-Redirect" : "X-Sendfile";
}

// What follows the door's root in the path, or for a mapped path what stands for the root. Looks
// for the real root again if it was not there so far: it may have been made since.
std::string_view NamedFiles::rest_in(Door& door, bool is_mapped, std::string_view path) {
    if (is_mapped) {
        return rest_behind(door.area.prefix, path);
    }
    const std::string_view rest = rest_behind(bare(door.tidy_root), path);
    if (rest.data() != nullptr) {
        return rest;
    }
    if (door.real_root.empty()) {
        door.real_root = real_path(door.area.root);
    }
    return door.real_root.empty() ? rest : rest_behind(bare(door.real_root), path);
}

NamedFiles::Place NamedFiles::place_of(const std::string& name) {
    const bool is_mapped = name.front() == kMapped;
    std::string path = name.substr(1);
    if (is_mapped) {
        const std::string encoded = path.substr(0, path.find('?'));
        if (http::decode_path(encoded, path).status != 0) {
            return {};
        }
    }
    std::string tidied;
    if (path.find('\0') != std::string::npos || !tidy_path(path, tidied)) {
        return {};
    }
    for (std::size_t number = 0; number < doors_.size(); ++number) {
        Door& door = doors_[number];
        if ((door.header == SendfileHeader::XAccelRedirect) != is_mapped) {
            continue;
        }
        const std::string_view rest = rest_in(door, is_mapped, tidied);
        if (!rest.empty()) {
            return {&door.area, std::string(rest), number};
        }
    }
    return {};
}

}  // namespace geventd::worker
