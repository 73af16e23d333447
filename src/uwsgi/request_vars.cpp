// SPDX-License-Identifier: MIT
#include "uwsgi/request_vars.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/fields.h"
#include "http/octets.h"

namespace geventd::uwsgi {

namespace {

using http::Rejection;

constexpr std::array<std::string_view, 4> kDropped{"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE",
                                                   "HTTP_TRANSFER_ENCODING", "HTTP_PROXY"};

constexpr std::array<std::string_view, 11> kMagic{
    "UWSGI_APPID",  "UWSGI_CACHE_GET", "UWSGI_CALLABLE",    "UWSGI_CHDIR",
    "UWSGI_FILE",   "UWSGI_MODULE",    "UWSGI_POSTFILE",    "UWSGI_PYHOME",
    "UWSGI_SCRIPT", "UWSGI_SETENV",    "UWSGI_TOUCH_RELOAD"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view key) {
    return std::find(names.begin(), names.end(), key) != names.end();
}

bool is_server_key(std::string_view key) {
    return key.starts_with("wsgi.") || key.starts_with("uwsgi.") || key.starts_with("geventd.");
}

/// Facts that take several variables to judge.
struct Hints {
    std::string_view uwsgi_scheme;
    std::string_view https;
    std::string_view request_scheme;
    bool coded = false;  ///< the web server received the body in a transfer coding
};

/// The member of the request that holds the variable, for those that the server itself reads.
std::string_view* find_place(std::string_view key, RequestVars& request, Hints& hints) {
    const std::array places{
        std::pair{std::string_view("REQUEST_METHOD"), &request.method},
        std::pair{std::string_view("SERVER_PROTOCOL"), &request.protocol},
        std::pair{std::string_view("REQUEST_URI"), &request.request_uri},
        std::pair{std::string_view("PATH_INFO"), &request.path_info},
        std::pair{std::string_view("SCRIPT_NAME"), &request.script_name},
        std::pair{std::string_view("REMOTE_ADDR"), &request.remote_addr},
        std::pair{std::string_view("UWSGI_SCHEME"), &hints.uwsgi_scheme},
        std::pair{std::string_view("HTTPS"), &hints.https},
        std::pair{std::string_view("REQUEST_SCHEME"), &hints.request_scheme},
    };
    for (const auto& [name, place] : places) {
        if (name == key) {
            return place;
        }
    }
    return nullptr;
}

std::string_view choose_scheme(const Hints& hints) {
    if (!hints.uwsgi_scheme.empty()) {
        return hints.uwsgi_scheme;
    }
    if (http::equals_ignoring_case(hints.https, "on") || hints.https == "1") {
        return "https";
    }
    return hints.request_scheme;
}

bool is_scheme(std::string_view text) {
    return text == "http" || text == "https";
}

Rejection set_content_length(std::string_view text, RequestVars& request) {
    request.content_length = 0;
    request.has_content_length = !text.empty();
    if (!text.empty() && !http::parse_content_length(text, request.content_length)) {
        return {400, "invalid CONTENT_LENGTH"};
    }
    return {};
}

void note_upgrade(const Var& var, RequestVars& request) {
    if (var.key == "HTTP_UPGRADE") {
        request.upgrade = request.about_upgrade = true;
    } else if (var.key == "HTTP_SEC_WEBSOCKET_KEY") {
        request.about_upgrade = true;
    }
}

/// Most variables are header fields, which their first bytes show.
Rejection read_var(const Var& var, RequestVars& request, Hints& hints) {
    if (var.key.starts_with("HTTP_")) {
        if (!is_one_of(kDropped, var.key)) {
            request.environ.push_back(var);
        }
        note_upgrade(var, request);
        hints.coded = hints.coded || (var.key == "HTTP_TRANSFER_ENCODING" && !var.value.empty());
        return {};
    }
    if (is_server_key(var.key)) {
        return {};
    }
    if (var.key.starts_with("UWSGI_") && is_one_of(kMagic, var.key)) {
        request.magic.push_back(var.key);
    }
    request.environ.push_back(var);
    if (var.key == "CONTENT_LENGTH") {
        return set_content_length(var.value, request);
    }
    if (std::string_view* place = find_place(var.key, request, hints); place != nullptr) {
        *place = var.value;
    }
    return {};
}

}  // namespace

void RequestVars::clear() {
    std::vector<Var> kept_environ = std::move(environ);
    std::vector<std::string_view> kept_magic = std::move(magic);
    kept_environ.clear();
    kept_magic.clear();
    *this = RequestVars{};
    environ = std::move(kept_environ);
    magic = std::move(kept_magic);
}

Rejection read_request_vars(std::span<const Var> vars, std::uint64_t body_limit,
                            RequestVars& request) {
    request.clear();
    Hints hints;
    for (const Var& var : vars) {
        if (const Rejection rejection = read_var(var, request, hints); rejection.status != 0) {
            return rejection;
        }
    }
    if (request.method.empty() || !http::all(http::kToken, request.method)) {
        return {400, "uwsgi request without a valid REQUEST_METHOD"};
    }
    if (hints.coded && !request.has_content_length) {
        return {411, "a body in a transfer coding, and the web server sent no CONTENT_LENGTH"};
    }
    if (body_limit != 0 && request.content_length > body_limit) {
        return {413, "request body too large"};
    }
    const std::string_view scheme = choose_scheme(hints);
    request.scheme = is_scheme(scheme) ? scheme : std::string_view{};
    return {};
}

}  // namespace geventd::uwsgi
