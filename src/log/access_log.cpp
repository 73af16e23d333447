// SPDX-License-Identifier: MIT
#include "log/access_log.h"

#include <algorithm>

#include <fmt/core.h>

#include "log/access_times.h"
#include "log/access_variables.h"

namespace geventd::log {

namespace {

struct Preset {
    std::string_view name;
    std::string_view text;
    Escape escape;
    bool dash;
};

constexpr Preset kPresets[] = {
    {"common", R"(${client} - ${user} [${ltime}] "${method} ${uri} ${proto}" ${status} ${rsize})",
     Escape::Text, true},
    {"combined",
     R"(${client} - ${user} [${ltime}] "${method} ${uri} ${proto}" ${status} ${rsize} )"
     R"("${referer}" "${uagent}")",
     Escape::Text, true},
    {"uwsgi",
     "[pid: ${pid}|app: ${app}|req: ${req}/${allreq}] ${addr} (${user}) {${vars} vars in "
     "${pktsize} bytes} [${ctime}] ${method} ${uri} => generated ${rsize} bytes in ${msecs} msecs "
     "(${proto} ${status}) ${headers} headers in ${hsize} bytes (${switches} switches on core "
     "${core})",
     Escape::Text, false},
    {"json",
     R"({"time":"${ftime}","client":"${client}","addr":"${addr}","user":"${user}",)"
     R"("method":"${method}","uri":"${uri}","proto":"${proto}","host":"${host}",)"
     R"("status":${status},"rsize":${rsize},"hsize":${hsize},"cl":${cl},"micros":${micros},)"
     R"("ttfb":${ttfb},"queue_time":${queue_time},"referer":"${referer}","uagent":"${uagent}",)"
     R"("request_id":"${request_id}","pid":${pid},"worker":${wid},"core":${core},)"
     R"("client_gone":${client_gone}})",
     Escape::Json, false},
};

Preset find_preset(std::string_view text, Escape escape) {
    for (const Preset& preset : kPresets) {
        if (preset.name == text) {
            return preset;
        }
    }
    return {text, text, escape, true};
}

}  // namespace

Result<bool> AccessTemplate::add_variable(std::string_view name) {
    const auto variable = find_access_variable(name);
    if (variable.append == nullptr) {
        return failure(fmt::format("unknown access-log variable '{}'; valid are {}", name,
                                   list_access_variables()));
    }
    steps_.push_back({variable.append, std::string(variable.argument)});
    return true;
}

Result<AccessTemplate> AccessTemplate::compile(std::string_view text, Escape escape) {
    const Preset preset = find_preset(text, escape);
    AccessTemplate compiled;
    compiled.escape_ = preset.escape;
    compiled.dash_ = preset.dash;
    std::string_view rest = preset.text;
    if (rest.find("${") == std::string_view::npos) {
        return failure(
            fmt::format("'{}' is neither common, combined, uwsgi, json nor a text with "
                        "${{...}} variables{}",
                        text,
                        text.find("%(") == std::string_view::npos
                            ? ""
                            : "; geventctl convert translates uWSGI's and gunicorn's %(...)"));
    }
    while (!rest.empty()) {
        const std::size_t open = rest.find("${");
        if (open != 0) {
            compiled.steps_.push_back({nullptr, std::string(rest.substr(0, open))});
            rest.remove_prefix(std::min(open, rest.size()));
            continue;
        }
        const std::size_t close = rest.find('}');
        if (close == std::string_view::npos) {
            return failure(fmt::format("access-log variable without its end: {}", rest));
        }
        if (const auto added = compiled.add_variable(rest.substr(2, close - 2)); !added) {
            return failure(added.error().message);
        }
        rest.remove_prefix(close + 1);
    }
    return compiled;
}

const AccessTemplate::Times& AccessTemplate::times_of(std::int64_t second) {
    if (times_.second != second) {
        const tm local = local_time(second);
        times_ = {second, format_ltime(local), format_ctime(local), format_iso(local)};
    }
    return times_;
}

void AccessTemplate::format_line(const AccessRecord& record, std::string& out) {
    const Times& times = times_of(record.start / 1'000'000);
    Line line{record, out, escape_, dash_, {}, times.ltime, times.ctime, times.iso};
    for (const Step& step : steps_) {
        if (step.append == nullptr) {
            out.append(step.text);
        } else {
            line.argument = step.text;
            step.append(line);
        }
    }
    out.push_back('\n');
}

}  // namespace geventd::log
