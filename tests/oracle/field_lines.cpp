// SPDX-License-Identifier: MIT
#include "tests/oracle/field_lines.h"

#include <algorithm>
#include <string>
#include <vector>

#include <llhttp.h>

#include "http/field_lines.h"
#include "http/octets.h"

namespace geventd::oracle {

namespace {

using http::Header;

struct Reading {
    std::vector<Header> fields;
    bool taken = false;
};

Reading& reading_of(llhttp_t* parser) {
    return *static_cast<Reading*>(parser->data);
}

int on_field(llhttp_t* parser, const char* at, std::size_t length) {
    reading_of(parser).fields.push_back({{at, length}, {}});
    return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
    std::vector<Header>& fields = reading_of(parser).fields;
    if (fields.empty()) {
        return HPE_USER;  // a value in a line without a name
    }
    fields.back().value = http::trim({at, length});
    return 0;
}

int on_complete(llhttp_t* parser) {
    reading_of(parser).taken = true;
    return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_complete;
    return settings;
}

/// Replaces tabs after values by spaces: both are allowed there (RFC 9110 5.5), but llhttp 8
/// refuses a tab after a Content-Length.
std::string without_tabs_at_ends(std::string_view lines) {
    std::string result(lines);
    for (std::size_t end = result.find('\r'); end != std::string::npos;
         end = result.find('\r', end + 1)) {
        for (std::size_t at = end; at > 0 && http::is_blank(result[at - 1]); --at) {
            result[at - 1] = ' ';
        }
    }
    return result;
}

/// Reads the lines after a request line, behind one of our own, since llhttp knows few methods.
Reading read(std::string_view lines) {
    static const llhttp_settings_t settings = make_settings();
    constexpr std::string_view kLine = "POST / HTTP/1.1\r\n";
    Reading reading;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &reading;
    llhttp_execute(&parser, kLine.data(), kLine.size());
    llhttp_execute(&parser, lines.data(), lines.size());
    return reading;
}

/// The Host field is overwritten when the target has an authority.
bool is_same(const Header& ours, const Header& theirs) {
    return ours.name == theirs.name &&
           (ours.value == theirs.value || http::equals_ignoring_case(ours.name, "host"));
}

bool has_empty_name(const Reading& reading) {
    return std::any_of(reading.fields.begin(), reading.fields.end(),
                       [](const Header& field) { return field.name.empty(); });
}

}  // namespace

std::string_view objection(std::string_view head, const http::HeadLimits& limits) {
    const std::string lines = without_tabs_at_ends(head.substr(head.find('\r') + 2));
    const Reading reading = read(lines);
    http::RequestHead cut;
    if (http::read_field_lines(lines, limits, cut).status == 400 && reading.taken &&
        !has_empty_name(reading)) {
        return "llhttp takes lines that cannot be cut";
    }
    http::RequestHead parsed;
    if (http::parse_head(head, limits, parsed).status != 0) {
        return "";
    }
    if (!reading.taken) {
        return "llhttp refuses a head that is taken";
    }
    return std::equal(parsed.headers.begin(), parsed.headers.end(), reading.fields.begin(),
                      reading.fields.end(), is_same)
               ? ""
               : "llhttp reads other fields";
}

}  // namespace geventd::oracle
