// SPDX-License-Identifier: MIT
#include "master/ctl/view/document.h"

#include <nlohmann/json.hpp>

#include "log/escape.h"

namespace geventd::ctl {

Document::Document() : json_(std::make_shared<const Json>()) {}

Result<Document> Document::parse(std::string_view text) {
    auto json = std::make_shared<Json>(Json::parse(text, nullptr, false));
    if (json->is_discarded()) {
        return failure("the server's answer cannot be read");
    }
    return Document(std::move(json));
}

bool Document::is_object() const {
    return json_->is_object();
}

bool Document::is_null() const {
    return json_->is_null();
}

Document Document::operator[](const char* key) const {
    static const Json nothing;
    const auto found = json_->is_object() ? json_->find(key) : json_->end();
    return Document({json_, found == json_->end() ? &nothing : &*found});
}

std::vector<Document> Document::items() const {
    std::vector<Document> items;
    if (json_->is_array()) {
        for (const Json& item : *json_) {
            items.push_back(Document({json_, &item}));
        }
    }
    return items;
}

std::vector<Document> Document::objects() const {
    std::vector<Document> objects = items();
    std::erase_if(objects, [](const Document& item) { return !item.is_object(); });
    return objects;
}

std::string Document::text() const {
    if (json_->is_null()) {
        return "-";
    }
    if (json_->is_string()) {
        return log::escape_controls(json_->get_ref<const std::string&>());
    }
    return json_->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Document::raw_text() const {
    return json_->is_string() ? json_->get<std::string>() : std::string();
}

std::optional<double> Document::number() const {
    return json_->is_number() ? std::optional(json_->get<double>()) : std::nullopt;
}

std::string Document::pretty() const {
    return log::escape_json_document(json_->dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace geventd::ctl
