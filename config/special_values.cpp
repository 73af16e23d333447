// SPDX-License-Identifier: MIT
#include "config/special_values.h"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "config/control_place.h"
#include "config/host.h"
#include "config/text/formula.h"
#include "http/host.h"
#include "http/trusted_proxies.h"
#include "log/access_log.h"

namespace geventd::config {

namespace {

Choice<MonkeyPatchTime> patch_time(MonkeyPatchTime& when) {
    return {when,
            {{"before-load", MonkeyPatchTime::BeforeLoad},
             {"before-start", MonkeyPatchTime::BeforeStart},
             {"none", MonkeyPatchTime::None}}};
}

/// The names X for which gevent.monkey has a patch_X().
const std::vector<std::string>& patchable() {
    static const std::vector<std::string> names{
        "builtins", "contextvars", "dns",        "os",  "queue",  "select", "signal",
        "socket",   "ssl",         "subprocess", "sys", "thread", "time"};
    return names;
}

// In an address that need not be reachable by everybody, an empty host means the loopback address.
net::Address on_loopback(net::Address address) {
    const bool inet = address.family == net::Family::Inet || address.family == net::Family::Inet6;
    if (inet && address.host.empty()) {
        address.family = net::Family::Inet;
        address.host = "127.0.0.1";
    }
    return address;
}

/// A path, or the one name that a standard descriptor has however it is written; "" after a
/// complaint. A bare "-" is gunicorn's word for one of them, and YAML's for a list of nothing.
std::string read_place(const Node& node, const Value& value, const Complain& complain) {
    if (node.kind == Node::Kind::List && node.items.size() == 1 &&
        node.items[0].kind == Node::Kind::Null) {
        return "-";
    }
    std::string place;
    if (!read_text(node, value.expects(), place, complain)) {
        return "";
    }
    if (place.empty()) {
        complain(node.mark, "", "is an empty text, expected " + value.expects());
    }
    return place == "/dev/stderr" || place == "/dev/fd/2"   ? "stderr"
           : place == "/dev/stdout" || place == "/dev/fd/1" ? "stdout"
                                                            : place;
}

}  // namespace

void AddressValue::read(const Node& node, const Complain& complain) {
    std::string text;
    if (!read_text(node, expects(), text, complain)) {
        return;
    }
    const auto address = net::parse_address(text);
    if (!address) {
        const bool number = text.find_first_not_of("0123456789") == std::string::npos;
        complain(node.mark, "",
                 address.error().message +
                     (number ? " (uWSGI's listen, a queue's length, is listen.backlog)" : ""));
        return;
    }
    member_ = *address;
}

std::string AddressValue::write() const {
    return quote(net::format_address(member_));
}

std::string AddressValue::expects() const {
    return "an address such as http://127.0.0.1:8000, uwsgi://:3031 or http+unix:/run/app.sock";
}

std::string AddressValue::default_text() const {
    return "";
}

void WatchAddress::read(const Node& node, const Complain& complain) {
    std::string text;
    if (!read_text(node, expects(), text, complain)) {
        return;
    }
    if (text.empty()) {
        member_.reset();
        return;
    }
    const auto address = parse(text);
    if (!address) {
        return complain(node.mark, "", address.error().message);
    }
    member_ = on_loopback(*address);
}

Result<net::Address> WatchAddress::parse(const std::string& text) const {
    if (form_ == Form::Bare) {
        const bool is_path = text.find_first_of("/@") == 0 || text.find(':') == std::string::npos;
        auto address = net::parse_address((is_path ? "http+unix:" : "http://") + text);
        return address ? address : failure("is no address, expected " + expects());
    }
    auto address = net::parse_address(text);
    const bool is_other = address && (address->protocol != net::Protocol::Http || address->tls);
    return is_other ? failure("only HTTP is spoken here") : address;
}

std::string WatchAddress::write() const {
    const std::string text = member_ ? net::format_address(*member_) : "";
    return quote(form_ == Form::Bare ? net::without_scheme(text) : text);
}

std::string WatchAddress::expects() const {
    return form_ == Form::Bare
               ? "an address such as 127.0.0.1:9191 or a path such as /run/stats.sock"
               : "an address such as http://127.0.0.1:9090 or http+unix:/run/metrics.sock";
}

std::string ModuleList::fault_of(const std::string& text) {
    const auto colon = text.find(':');
    const bool fine = !text.empty() && colon != 0 && colon + 1 != text.size() &&
                      text.rfind(':') == colon && text.find_first_of(" ()") == std::string::npos;
    return fine ? "" : fmt::format("'{}' is neither a module nor module:function", text);
}

void ModuleList::read(const Node& node, const Complain& complain) {
    if (node.kind != Node::Kind::Scalar) {
        TextList::read(node, complain);
        return;
    }
    Node list{.kind = Node::Kind::List, .mark = node.mark};
    list.items.push_back(node);
    TextList::read(list, complain);
}

void MonkeyPatchValue::read(const Node& node, const Complain& complain) {
    if (node.kind == Node::Kind::List) {
        read_modules(node, complain);
        return;
    }
    MonkeyPatch read;
    bool fine = true;
    auto when = patch_time(read.when);
    when.read(node, [&](const Mark&, const std::string&, const std::string&) { fine = false; });
    if (fine) {
        member_ = read;
        return;
    }
    auto words = when.words();
    words.emplace_back("a list of modules");
    complain_of_choice(node, words, complain);
}

void MonkeyPatchValue::read_modules(const Node& node, const Complain& complain) {
    MonkeyPatch read;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const Node& item = node.items[i];
        const auto& names = patchable();
        if (item.kind == Node::Kind::Scalar &&
            std::find(names.begin(), names.end(), item.text) != names.end()) {
            read.modules.push_back(item.text);
            continue;
        }
        complain_of_choice(item, names,
                           [&](const Mark& mark, const std::string&, const std::string& text) {
                               complain(mark, fmt::format("[{}]", i), text);
                           });
        return;
    }
    if (read.modules.empty()) {
        complain(node.mark, "", "is an empty list, expected modules to patch; did you mean none?");
        return;
    }
    member_ = read;
}

std::string MonkeyPatchValue::write() const {
    if (!member_.modules.empty()) {
        std::vector<std::string> modules = member_.modules;
        return TextList(modules, "").write();
    }
    MonkeyPatchTime when = member_.when;
    return patch_time(when).write();
}

std::string MonkeyPatchValue::expects() const {
    MonkeyPatchTime when{};
    return fmt::format("{}, or a list of {}", patch_time(when).expects(), one_of(patchable()));
}

void PreloadValue::read(const Node& node, const Complain& complain) {
    if (node.kind == Node::Kind::Scalar && node.text == "auto") {
        member_ = Preload::Auto;
        return;
    }
    bool on = false;
    bool fine = true;
    const std::string expected = expects();
    Flag(on, expected)
        .read(node, [&](const Mark& mark, const std::string& below, const std::string& text) {
            fine = false;
            complain(mark, below, text);
        });
    if (fine) {
        member_ = on ? Preload::Always : Preload::Never;
    }
}

std::string PreloadValue::write() const {
    return member_ == Preload::Auto ? "auto" : member_ == Preload::Always ? "true" : "false";
}

std::string PreloadValue::expects() const {
    return "auto, true or false";
}

void ProcessCount::read(const Node& node, const Complain& complain) {
    if (node.kind == Node::Kind::Scalar && node.text == "auto") {
        read_auto();
        return;
    }
    if (node.kind == Node::Kind::Scalar && node.text.find("cpus") != std::string::npos) {
        read_formula(node, complain);
        return;
    }
    Integer(member_, 1, kMostProcesses)
        .read(node, [&](const Mark& mark, const std::string& below, const std::string& text) {
            complain(mark, below, text + ", auto or a formula such as 2*cpus+1");
        });
}

void ProcessCount::read_auto() {
    member_ = std::min(usable_cpus(), kMostProcesses);
}

// What a small or a large machine makes of it is bounded, as it is no fault.
void ProcessCount::read_formula(const Node& node, const Complain& complain) {
    const auto value = evaluate(node.text, usable_cpus());
    if (!value) {
        return complain(node.mark, "", fmt::format("'{}' {}", node.text, value.error().message));
    }
    member_ = static_cast<int>(std::clamp<std::int64_t>(*value, 1, kMostProcesses));
}

std::string ProcessCount::write() const {
    return fmt::format("{}", member_);
}

std::string ProcessCount::expects() const {
    return fmt::format("a number from 1 to {}, auto, or a formula such as 2*cpus+1",
                       kMostProcesses);
}

void ControlPath::read(const Node& node, const Complain& complain) {
    std::string text;
    if (!read_text(node, expects(), text, complain)) {
        return;
    }
    const std::size_t size = text.size() - (is_abstract(text) ? 1 : 0);
    if (size == 0 || size > net::kMaxUnixPath) {
        complain(node.mark, "", fmt::format("has {} bytes, expected {}", size, expects()));
        return;
    }
    member_ = text;
}

std::string ControlPath::write() const {
    return quote(member_);
}

std::string ControlPath::expects() const {
    return fmt::format("a path of at most {} bytes, \"@NAME\" or off", net::kMaxUnixPath);
}

std::string ControlPath::default_text() const {
    return "geventd-NAME-HASH.ctl (NAME: the file's name, HASH: of its path) in "
           "$RUNTIME_DIRECTORY, else in $XDG_RUNTIME_DIR, else /tmp/geventd-NAME-HASH-UID.ctl";
}

std::string ProxyList::fault_of(const std::string& text) {
    const auto parsed = http::TrustedProxies::parse(std::span(&text, 1));
    return parsed ? "" : parsed.error().message;
}

std::string StatusList::fault_of(const std::string& text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool fine = text.size() == 3 && text[0] >= '1' && text[0] <= '5' &&
                      (text.ends_with("xx") || (is_digit(text[1]) && is_digit(text[2])));
    return fine ? "" : fmt::format("'{}' is no status, expected one such as 404 or 5xx", text);
}

std::string HostList::fault_of(const std::string& text) {
    const bool fine =
        !text.empty() && http::is_valid_host(text) && http::split_host(text).host == text;
    return fine ? "" : fmt::format("'{}' is no name of a host, without a port", text);
}

void MountMap::read(const Node& node, const Complain& complain) {
    Node map = node;
    std::erase_if(map.entries, [&](const Entry& entry) {
        const std::string& prefix = entry.key;
        const bool fine = prefix.size() > 1 && prefix.front() == '/' && prefix.back() != '/';
        if (!fine) {
            complain(entry.mark, "." + prefix,
                     prefix == "/" ? "the application of all other paths is app.module"
                                   : "a prefix begins with a slash and does not end with one, "
                                     "expected one such as /api");
        }
        return !fine;
    });
    TextMap::read(map, complain);
}

void SignalNumber::read(const Node& node, const Complain& complain) {
    int number = 0;
    bool fine = true;
    Integer(number, 0, 255)
        .read(node, [&](const Mark& mark, const std::string& below, const std::string& text) {
            fine = false;
            complain(mark, below, text);
        });
    if (fine) {
        member_ = number;
    }
}

std::string SignalNumber::write() const {
    return member_ ? fmt::format("{}", *member_) : quote("");
}

std::string SignalNumber::expects() const {
    return "a number from 0 to 255";
}

void LogPlace::read(const Node& node, const Complain& complain) {
    const std::string place = read_place(node, *this, complain);
    if (!place.empty()) {
        member_ = place == "-" ? "stderr" : place;  // as gunicorn's errorlog has it
    }
}

void AccessPlace::read(const Node& node, const Complain& complain) {
    const std::string place = read_place(node, *this, complain);
    if (place == "stderr" || is_log_service(place)) {
        return complain(node.mark, "",
                        fmt::format("'{}' is for log.file, expected {}", place, expects()));
    }
    if (!place.empty()) {
        member_ = place == "-" ? "stdout" : place;  // as gunicorn's accesslog has it
    }
}

std::string AccessFormat::fault_of(const std::string& text) {
    if (text.empty()) {
        return "is an empty text";
    }
    if (text == "off") {
        return "";
    }
    const auto compiled = log::AccessTemplate::compile(text);
    return compiled ? "" : compiled.error().message;
}

}  // namespace geventd::config
