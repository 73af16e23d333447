// SPDX-License-Identifier: MIT
#include "ipc/control_protocol.h"

#include <nlohmann/json.hpp>

namespace geventd::ipc {

namespace {

// Ordered: documents are printed with their members as the server wrote them.
using Json = nlohmann::ordered_json;

Json parse_object(std::string_view text) {
    // No exceptions, and no deep nesting, since dump() recurses.
    const auto shallow = [](int depth, Json::parse_event_t, const Json&) { return depth < 64; };
    Json parsed = Json::parse(text, shallow, false);
    return parsed.is_object() ? parsed : Json();
}

std::string dump(const Json& value) {
    // Invalid UTF-8 becomes U+FFFD; the default is to throw.
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<ControlRequest> parse_control_request(std::string_view line) {
    const Json parsed = parse_object(line);
    if (parsed.is_null()) {
        return failure(
            "a request is one JSON object on one line, such as {\"command\":\"status\"}");
    }
    const auto command = parsed.find("command");
    if (command == parsed.end() || !command->is_string()) {
        return failure("the request has no \"command\"");
    }
    ControlRequest request;
    for (const auto& [key, value] : parsed.items()) {
        if (key == "command") {
            request.command = value.get<std::string>();
        } else if (value.is_string()) {
            request.arguments[key] = value.get<std::string>();
        } else if (value.is_number() || value.is_boolean()) {
            request.arguments[key] = dump(value);
        } else {
            return failure("argument \"" + key + "\" is neither text, number nor boolean");
        }
    }
    return request;
}

std::string format_control_request(const ControlRequest& request) {
    Json object{{"command", request.command}};
    object.update(Json(request.arguments));
    return dump(object) + "\n";
}

std::string format_control_answer(std::string_view result) {
    std::string answer = R"({"ok":true,"result":)";
    return answer.append(result.empty() ? "null" : result).append("}\n");
}

std::string format_control_error(std::string_view sentence) {
    return dump({{"ok", false}, {"error", sentence}}) + "\n";
}

Result<std::string> parse_control_answer(std::string_view answer) {
    const Json parsed = parse_object(answer);
    if (!parsed.contains("ok") || !parsed["ok"].is_boolean()) {
        return failure("the server's answer cannot be read");
    }
    if (parsed["ok"].get<bool>()) {
        return dump(parsed.value("result", Json()));
    }
    const auto error = parsed.find("error");
    return failure(error != parsed.end() && error->is_string() ? error->get<std::string>()
                                                               : "the server gave no reason");
}

}  // namespace geventd::ipc
