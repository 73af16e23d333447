// SPDX-License-Identifier: MIT
#include "worker/files/look_up.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "base/uninterrupted.h"
#include "http/date.h"
#include "worker/files/choice.h"
#include "worker/files/hashed_name.h"
#include "worker/files/media_types.h"
#include "worker/files/opening.h"

namespace geventd::worker {

namespace {

using Kind = Found::Kind;

// Smaller files are kept in memory, so that an answer is one system call.
constexpr std::uint64_t kHeld = 16 << 10;

// So much of a larger file is read in, so that sending that much does not wait for the disk.
constexpr std::uint64_t kWarmed = 256 << 10;

// The kernel's usual distance.
constexpr off_t kReadAhead = 128 << 10;

struct Sibling {
    std::string_view ending;
    std::string_view coding;
};

// Those first that are usually smaller.
constexpr std::array<Sibling, 3> kSiblings{{{".br", "br"}, {".zst", "zstd"}, {".gz", "gzip"}}};

Kind kind_of(int error) {
    switch (error) {
        case ENOENT:
        case ENOTDIR:
        case ENAMETOOLONG:
        case ELOOP:
        case EXDEV:
        case ENXIO:
        case EINVAL:
            return Kind::Missing;
        case EACCES:
        case EPERM:
            return Kind::Forbidden;
        default:
            return Kind::Failed;
    }
}

Found found_nothing(int error) {
    return {.kind = kind_of(error), .error = error, .variants = {}};
}

// FNV-1a.
std::uint64_t hash_of(std::string_view content) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char byte : content) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 1'099'511'628'211U;
    }
    return hash;
}

// That of a file in memory is made of its content: it tells files apart whose times were set to the
// same, and is the same on all hosts.
std::string etag_of(const Variant& variant, const timespec& modified) {
    const std::string state = variant.is_held()
                                  ? fmt::format("{:016x}", hash_of(variant.content))
                                  : fmt::format("{:x}-{:x}", modified.tv_sec, modified.tv_nsec);
    return fmt::format("\"{}-{:x}{}{}\"", state, variant.size, variant.coding.empty() ? "" : "-",
                       variant.coding);
}

Variant variant_of(Opened opened, std::string_view coding) {
    Variant variant{.coding = coding, .file = std::move(opened.fd)};
    variant.size = static_cast<std::uint64_t>(opened.status.st_size);
    variant.modified = opened.status.st_mtime;
    if (variant.size <= kHeld) {
        variant.content = read_part(variant.file.get(), 0, variant.size);
        if (variant.content.size() == variant.size) {
            variant.file.reset();
        } else {
            variant.content.clear();  // it has changed meanwhile
        }
    } else {
        variant.file = raised(std::move(variant.file));
    }
    variant.etag = etag_of(variant, opened.status.st_mtim);
    return variant;
}

void warm(Variant& variant) {
    if (!variant.is_held()) {
        variant.warm = std::min(variant.size, kWarmed);
        read_in(variant.file.get(), 0, static_cast<off_t>(variant.warm));
    }
}

// One search for one path.
class Search {
  public:
    Search(const Area& area, int root, std::string_view accept_encoding)
        : area_(area), root_(root), accept_encoding_(accept_encoding) {}

    Found at(const std::string& rest) {
        if (rest.empty()) {
            return folder("");
        }
        const std::string path = rest.substr(1);
        if (path.empty() || path.back() == '/') {
            return in_folder(path);
        }
        Opened opened = open(path);
        if (opened.error != 0) {
            return found_nothing(opened.error);
        }
        if (S_ISDIR(opened.status.st_mode)) {
            return folder(path + "/");
        }
        return file(path, std::move(opened));
    }

  private:
    [[nodiscard]] Opened open(const std::string& path) const {
        return open_below(root_, path, area_.links);
    }

    // `path`: "" or with a slash at its end.
    [[nodiscard]] Opened open_index(const std::string& path) const {
        return area_.index.empty() ? Opened{.error = ENOENT} : open(path + area_.index);
    }

    // A folder whose path has no slash at its end. Where there is a fallback, only those with an
    // index are more than nothing.
    [[nodiscard]] Found folder(const std::string& path) const {
        const bool is_there =
            area_.fallback == Area::Fallback::None || S_ISREG(open_index(path).status.st_mode);
        return {.kind = is_there ? Kind::Folder : Kind::Missing, .error = 0, .variants = {}};
    }

    Found in_folder(const std::string& path) {
        Opened index = open_index(path);
        if (index.error == 0 && !S_ISDIR(index.status.st_mode)) {
            return file(path + area_.index, std::move(index));
        }
        if (index.error != 0 && kind_of(index.error) != Kind::Missing) {
            return found_nothing(index.error);
        }
        if (area_.fallback != Area::Fallback::None) {
            return {};
        }
        const Opened opened = open(path.empty() ? "." : path);
        return opened.error == 0 ? found_nothing(EACCES) : found_nothing(opened.error);
    }

    Found file(const std::string& path, Opened opened) {
        if (!S_ISREG(opened.status.st_mode)) {
            return {};
        }
        Found found{.kind = Kind::File, .error = 0, .variants = {}};
        found.variants.push_back(variant_of(std::move(opened), ""));
        for (const Sibling& sibling : kSiblings) {
            Opened packed;
            if (area_.precompressed) {
                packed = open(fmt::format("{}{}", path, sibling.ending));
            }
            if (packed.fd && S_ISREG(packed.status.st_mode)) {
                found.variants.push_back(variant_of(std::move(packed), sibling.coding));
            }
        }
        warm(found.variants[choose(found.variants, accept_encoding_)]);
        describe(path.substr(path.rfind('/') + 1), found);
        return found;
    }

    void describe(const std::string& name, Found& found) const {
        const std::string type = media_type(name, area_.types);
        const bool lasts = area_.immutable && has_hash(name);
        const std::string caching =
            lasts ? "public, max-age=31536000, immutable" : area_.cache_control;
        for (Variant& variant : found.variants) {
            variant.about_state = fmt::format("Last-Modified: {}\r\nETag: {}\r\n",
                                              http::format_date(variant.modified), variant.etag);
            if (!caching.empty()) {
                variant.about_state += fmt::format("Cache-Control: {}\r\n", caching);
            }
            if (found.variants.size() > 1) {
                variant.about_state += "Vary: Accept-Encoding\r\n";
            }
            variant.about_content =
                fmt::format("Content-Type: {}\r\nAccept-Ranges: bytes\r\n", type);
            if (!variant.coding.empty()) {
                variant.about_content += fmt::format("Content-Encoding: {}\r\n", variant.coding);
            }
        }
    }

    const Area& area_;
    int root_;
    std::string_view accept_encoding_;
};

}  // namespace

// The root is opened each time: it may have been replaced by another folder of that name.
Found look_up(const Area& area, const std::string& rest, std::string_view accept_encoding) {
    const Opened root = open_folder(area.root);
    if (root.error == 0) {
        return Search(area, root.fd.get(), accept_encoding).at(rest);
    }
    Found nothing = found_nothing(root.error);
    if (nothing.kind == Kind::Forbidden && area.fallback == Area::Fallback::Application) {
        nothing.kind = Kind::Failed;  // not what one path is like, but the server's mistake
    }
    return nothing;
}

std::string read_part(int file, std::uint64_t offset, std::uint64_t size) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = uninterrupted([&] {
            return ::pread(file, bytes.data() + filled, size - filled,
                           static_cast<off_t>(offset + filled));
        });
        if (got <= 0) {
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

// Asks the kernel for all of it, and waits for it at the distance in which the kernel reads ahead.
void read_in(int file, off_t offset, off_t size) noexcept {
    ::readahead(file, offset, static_cast<std::size_t>(size));
    const off_t end = offset + size;
    char byte = 0;
    for (; offset < end; offset = offset + kReadAhead < end ? offset + kReadAhead : end - 1) {
        const ssize_t got = uninterrupted([&] { return ::pread(file, &byte, 1, offset); });
        if (got <= 0 || offset == end - 1) {
            return;
        }
    }
}

}  // namespace geventd::worker
