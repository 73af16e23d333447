// SPDX-License-Identifier: MIT
#include "config/yaml/reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // else clang-tidy mistakes parser.h's Node for ours
#include <yaml-cpp/parser.h>

#include "config/yaml/plain_text.h"

namespace geventd::config {

namespace {

constexpr std::size_t kMaxDepth = 32;
// How much aliases and merge keys may add to a document, in nodes and bytes of text: aliases of
// aliases of aliases could otherwise grow without end.
constexpr std::size_t kMaxExpansion = 1 << 20;

/// Ends the parsing; thrown through the YAML library's frames.
struct Refusal {
    Mark mark;
    std::string text;
};

/// What the author may have meant, where the library only says what it found.
struct Advice {
    std::string_view fault;
    std::string_view text;
};

constexpr std::array kAdvice{
    Advice{"illegal EOF in scalar", "; is a quote opened and never closed?"},
    Advice{"end of map not found", "; is the line indented as its neighbours are?"},
    Advice{"end of sequence not found", "; is the line indented as its neighbours are?"},
    Advice{"illegal block entry",
           "; a value that is - needs quotes, and a list begins on the next line"},
    Advice{"illegal map value", "; text that contains a colon and a space needs quotes"},
    Advice{"unknown token", "; text that begins with @, ` or % needs quotes"},
};

std::string_view from_line(std::string_view text, int line) {
    for (; line > 1 && text.find('\n') != std::string_view::npos; --line) {
        text.remove_prefix(text.find('\n') + 1);
    }
    return text;
}

// A key alone, where a value or keys of its own are expected.
bool lacks_colon(std::string_view text, int line) {
    text = from_line(text, line);
    text = text.substr(0, text.find_first_of("\r\n#"));
    const std::size_t begin = text.find_first_not_of(" \t");
    return line > 0 && begin != std::string_view::npos &&
           text.find(':') == std::string_view::npos &&
           std::isalpha(static_cast<unsigned char>(text[begin])) != 0;
}

std::string advise(std::string_view text, int line, std::string_view fault) {
    if (fault == "end of map not found" || fault == "illegal map value") {
        for (const int suspect : {line, line - 1}) {
            if (lacks_colon(text, suspect)) {
                return fmt::format("; is a colon missing after the key in line {}?", suspect);
            }
        }
    }
    text = from_line(text, line);
    const auto indent = text.substr(0, text.find_first_not_of(" \t"));
    if (indent.find('\t') != std::string_view::npos) {
        return "; tabs cannot indent, expected spaces";
    }
    const auto* const advice = std::find_if(
        kAdvice.begin(), kAdvice.end(), [&](const Advice& entry) { return entry.fault == fault; });
    return std::string(advice == kAdvice.end() ? std::string_view() : advice->text);
}

// For an undefined alias yaml-cpp 0.8 names the anchor; 0.7 only gives the position.
std::string name_of_alias(std::string_view text, Mark at) {
    text = from_line(text, at.line);
    text.remove_prefix(std::min(static_cast<std::size_t>(at.column), text.size()));  // skips the *
    return ": " + std::string(text.substr(0, text.find_first_of(" \t\r\n,]}")));
}

std::string describe(std::string_view text, Mark at, const std::string& fault) {
    if (fault == "the referenced anchor is not defined") {
        return fault + name_of_alias(text, at);
    }
    return fault + std::string(advise(text, at.line, fault));
}

std::size_t weight(const Node& node) {
    std::size_t sum = 1 + node.text.size();
    for (const Node& item : node.items) {
        sum += weight(item);
    }
    for (const Entry& entry : node.entries) {
        sum += entry.key.size() + weight(entry.value);
    }
    return sum;
}

/// Builds the tree from the parser's events. Lives as long as one read_yaml().
class TreeBuilder : public YAML::EventHandler {
  public:
    TreeBuilder(int source, Diagnostics& diagnostics)
        : source_(source), diagnostics_(diagnostics) {}

    Node take_root() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark& at) override {
        if (++documents_ > 1) {
            throw Refusal{mark(at), "holds a second document, expected one"};
        }
    }

    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
        finish(Node{.kind = Node::Kind::Null, .mark = mark(at)}, anchor);
    }

    void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw Refusal{mark(at), "an alias is inside its own anchor's value"};
        }
        charge(found->second, mark(at));
        finish(found->second, 0);
    }

    void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        const bool text_tag = tag == "tag:yaml.org,2002:str";
        refuse_tag(at, text_tag ? "!" : tag);
        finish(Node{.kind = Node::Kind::Scalar,
                    .mark = mark(at),
                    .text = value,
                    .quoted = text_tag || tag == "!"},
               anchor);
    }

    void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_tag(at, tag);
        open(Node::Kind::List, at, anchor);
    }

    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_tag(at, tag);
        open(Node::Kind::Map, at, anchor);
    }

    void OnMapEnd() override {
        merge(stack_.back());
        close();
    }

  private:
    struct Key {
        std::string text;
        Mark mark;
        bool repeated = false;
    };

    /// A list or map that is not complete yet.
    struct Frame {
        Node node;
        YAML::anchor_t anchor = 0;
        std::optional<Key> key;                     ///< Map: a key whose value comes next
        std::unordered_map<std::string, int> seen;  ///< Map: the line of each key
        std::vector<Node> merged;                   ///< Map: the values of its merge keys
    };

    [[nodiscard]] Mark mark(const YAML::Mark& at) const {
        return {source_, at.line + 1, at.column + 1};
    }

    void refuse_tag(const YAML::Mark& at, const std::string& tag) const {
        if (!tag.empty() && tag != "?" && tag != "!") {
            throw Refusal{mark(at), fmt::format("the tag '{}' is not supported", tag)};
        }
    }

    void open(Node::Kind kind, const YAML::Mark& at, YAML::anchor_t anchor) {
        if (stack_.size() == kMaxDepth) {
            throw Refusal{mark(at), fmt::format("is nested deeper than {} levels", kMaxDepth)};
        }
        Frame frame;
        frame.node = Node{.kind = kind, .mark = mark(at)};
        frame.anchor = anchor;
        stack_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        finish(std::move(frame.node), frame.anchor);
    }

    /// Takes a complete node: keeps it for its aliases, and adds it to its parent.
    void finish(Node node, YAML::anchor_t anchor) {
        if (anchor != 0) {
            charge(node, node.mark);
            anchors_[anchor] = node;
        }
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = stack_.back();
        if (frame.node.kind == Node::Kind::List) {
            if (node.kind == Node::Kind::Null) {
                node.mark = frame.node.mark;  // as in end_entry()
            }
            frame.node.items.push_back(std::move(node));
        } else if (!frame.key) {
            begin_entry(frame, node);
        } else {
            end_entry(frame, std::move(node));
        }
    }

    void begin_entry(Frame& frame, const Node& node) {
        if (node.kind != Node::Kind::Scalar || node.text.empty()) {
            throw Refusal{node.mark, "is where a key is expected, which must be a plain word"};
        }
        const auto [seen, fresh] = frame.seen.emplace(node.text, node.mark.line);
        frame.key = Key{node.text, node.mark, !fresh};
        if (!fresh) {
            diagnostics_.report(node.mark, path(),
                                fmt::format("is given twice, first in line {}", seen->second));
        }
    }

    void end_entry(Frame& frame, Node node) {
        Key key = std::move(*frame.key);
        frame.key.reset();
        if (key.repeated) {
            return;
        }
        if (node.kind == Node::Kind::Null) {
            node.mark = key.mark;  // the parser gives the position of whatever comes next
        }
        if (key.text == "<<") {
            add_merged(frame, std::move(node));
        } else {
            frame.node.entries.push_back({std::move(key.text), key.mark, std::move(node)});
        }
    }

    void add_merged(Frame& frame, Node node) const {
        std::vector<Node> maps;
        if (node.kind == Node::Kind::List) {
            maps = std::move(node.items);
        } else {
            maps.push_back(std::move(node));
        }
        for (Node& map : maps) {
            if (map.kind != Node::Kind::Map) {
                throw Refusal{map.mark, "a merge key takes a map or a list of maps"};
            }
            frame.merged.push_back(std::move(map));
        }
    }

    static void merge(Frame& frame) {
        for (Node& map : frame.merged) {
            for (Entry& entry : map.entries) {
                if (frame.seen.emplace(entry.key, entry.mark.line).second) {
                    frame.node.entries.push_back(std::move(entry));
                }
            }
        }
    }

    void charge(const Node& node, const Mark& at) {
        expansion_ += weight(node);
        if (expansion_ > kMaxExpansion) {
            throw Refusal{at, "aliases make the document too large"};
        }
    }

    /// The path of the key that is being read, for a message.
    [[nodiscard]] std::string path() const {
        std::string result;
        for (const Frame& frame : stack_) {
            if (frame.node.kind == Node::Kind::List) {
                result += fmt::format("[{}]", frame.node.items.size());
            } else if (frame.key) {
                result += (result.empty() ? "" : ".") + frame.key->text;
            }
        }
        return result;
    }

    const int source_;
    Diagnostics& diagnostics_;
    int documents_ = 0;
    std::size_t expansion_ = 0;
    Node root_;
    std::vector<Frame> stack_;
    std::map<YAML::anchor_t, Node> anchors_;
};

std::optional<Node> parse(const std::string& text, TreeBuilder& builder) {
    // The library takes an unclosed quote for closed if the text ends with a line end, so add a
    // last line without one.
    std::istringstream stream(text + (text.ends_with('\n') ? "#" : "\n#"));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take_root();
}

}  // namespace

std::optional<Node> read_yaml(const std::string& text, int source, Diagnostics& diagnostics,
                              std::size_t most) {
    const Mark whole{source, 0, 0};
    if (text.size() > most) {
        diagnostics.report(whole, "", fmt::format("is too large, expected at most {} bytes", most));
        return std::nullopt;
    }
    if (const auto fault = find_binary(text)) {
        diagnostics.report({source, fault->line, fault->column}, "", fault->what);
        return std::nullopt;
    }
    TreeBuilder builder(source, diagnostics);
    try {
        return parse(text, builder);
    } catch (const Refusal& refusal) {
        diagnostics.report(refusal.mark, "", refusal.text);
    } catch (const YAML::Exception& error) {
        const Mark at =
            error.mark.is_null() ? whole : Mark{source, error.mark.line + 1, error.mark.column + 1};
        diagnostics.report(at, "", "broken YAML: " + describe(text, at, error.msg));
    }
    return std::nullopt;
}

}  // namespace geventd::config
