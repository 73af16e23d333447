// SPDX-License-Identifier: MIT
// The keys below `static` and `sendfile`.
#include "config/describe.h"
#include "config/describe_words.h"
#include "config/values.h"

namespace geventd::config {

namespace {

std::string prefix(const std::string& text) {
    const bool fine = text == "/" || (text.size() > 1 && text.front() == '/' &&
                                      text.back() != '/' && text.find("//") == std::string::npos);
    return fine || text.empty() ? ""
                                : "'" + text + "' does not begin with a slash, or ends with one";
}

// Whether no part of a path is "." or "..".
bool is_straight(const std::string& path) {
    const std::string framed = "/" + path + "/";
    return framed.find("/./") == std::string::npos && framed.find("/../") == std::string::npos &&
           framed.find("//") == std::string::npos;
}

std::string file_below(const std::string& text) {
    const bool fine = !text.empty() && text.front() != '/' && is_straight(text);
    return fine ? "" : "'" + text + "' is no file below the root";
}

std::string file_name(const std::string& text) {
    const bool fine = text.find('/') == std::string::npos && is_straight(text);
    return fine || text.empty() ? "" : "'" + text + "' is no file's name";
}

std::string field_value(const std::string& text) {
    const bool fine = text.find_first_of("\r\n") == std::string::npos;
    return fine ? "" : "has more than one line";
}

}  // namespace

void describe(Visitor& v, StaticFiles& s) {
    v.key("path", Text(s.path, "a prefix such as /static", prefix), kGeneration,
          "The prefix of the paths that are files: with root: ./static, /static/app.css is "
          "./static/app.css. / is all paths.");
    v.key("root", Text(s.root, "a directory"), kGeneration,
          "The folder of the files; relative to the configuration file's folder. Without it, and "
          "with fallback: application, all below path is the application's.");
    v.key("fallback", Text(s.fallback, "none, application or a file below root", file_below),
          kGeneration,
          "What answers when there is no such file. none: 404; application: the application, also "
          "for methods other than GET and HEAD; the name of a file below root such as index.html: "
          "that file with 200, for applications that run in the browser.");
    v.key("index", Text(s.index, "a file's name such as index.html, or none", file_name),
          kGeneration,
          "The file that answers for a folder. none: folders are answered with 403, as are those "
          "without this file; they are never listed.");
    v.key("links",
          Choice<Links>(s.links, {{"never", Links::Never},
                                  {"below-root", Links::BelowRoot},
                                  {"anywhere", Links::Anywhere}}),
          kGeneration,
          "Which symbolic links are followed: none, those that are relative and stay below root, "
          "or all. Behind another one there is nothing (404).");
    v.key("precompressed", Flag(s.precompressed), kGeneration,
          "Sends app.css.br, app.css.zst or app.css.gz for app.css to clients that accept it.");
    v.key("cache-control", Text(s.cache_control, "a text such as \"max-age=3600\"", field_value),
          kGeneration, "The Cache-Control of these answers.");
    v.key("immutable", Flag(s.immutable), kGeneration,
          "Files whose names hold a hash, such as app.55e7cbb9ba48.css, are answered with "
          "Cache-Control: public, max-age=31536000, immutable.");
    v.key("types", TextMap(s.types, "a map of endings such as .foo to media types"), kGeneration,
          "Content-Type by the ending of the file's name behind its last dot, whatever its case, "
          "before "
          "the built-in table.");
}

void describe(Visitor& v, Sendfile& s) {
    v.key(
        "header",
        Choice<SendfileHeader>(s.header, {{"x-sendfile", SendfileHeader::XSendfile},
                                          {"x-accel-redirect", SendfileHeader::XAccelRedirect}}),
        kGeneration,
        "The header by which the application names a file: x-sendfile with the whole path of a "
        "file below root, or x-accel-redirect with a percent-encoded path that begins with path.");
    v.key("root", Text(s.root, "a directory"), kGeneration,
          "The folder whose files may be sent; relative to the configuration file's folder.");
    v.key("path", Text(s.path, "a prefix such as /protected", prefix), kGeneration,
          "For x-accel-redirect: what stands for root in the header.");
}

}  // namespace geventd::config
