#include "harness/report/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/report/contract.h"
#include "harness/report/source_lines.h"
#include "harness/report/text.h"

namespace faultline {
namespace {

using nlohmann::json;

constexpr char kSourceRoot[] = "SRCROOT";
constexpr size_t kMostFrames = 64;  // of a stack

// RFC 3986: what a path may hold as it is.
std::string UriPath(const std::string& path) {
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                          (byte >= '0' && byte <= '9') ||
                          std::string_view("-._~/!$&'()*+,;=@").find(c) != std::string_view::npos;
    uri += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

json Message(const std::string& text) { return {{"text", text}}; }

class SarifWriter {
 public:
  SarifWriter(const CiReport& report, const std::filesystem::path& source)
      : report_(report), root_(source), source_(source) {}

  json Write() {
    json results = json::array();
    for (const CiFinding& finding : report_.findings) {
      results.push_back(Result(finding));
    }
    json run = {
        {"tool",
         {{"driver",
           {{"name", "Faultline"}, {"version", report_.version}, {"rules", std::move(rules_)}}}}},
        {"columnKind", "utf16CodeUnits"},
        {"results", std::move(results)},
        {"invocations", json::array({Invocation()})}};
    if (!root_.empty()) {
      std::string root = UriPath(std::filesystem::absolute(root_).lexically_normal().string());
      root += root.ends_with('/') ? "" : "/";
      run["originalUriBaseIds"] = {{kSourceRoot, {{"uri", "file://" + root}}}};
    }
    return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
            {"version", "2.1.0"},
            {"runs", json::array({std::move(run)})}};
  }

 private:
  // What could not be judged is no result: it is told where a viewer tells of a broken tool.
  json Invocation() const {
    json notifications = json::array();
    for (const auto& [what, why] : report_.errors) {
      notifications.push_back({{"level", "error"}, {"message", Message(what + ": " + why)}});
    }
    for (const std::string& note : report_.notes) {
      const char* level = report_.unfinished ? "error" : "note";
      notifications.push_back({{"level", level}, {"message", Message(note)}});
    }
    return {{"executionSuccessful", !report_.unfinished && report_.errors.empty()},
            {"toolExecutionNotifications", std::move(notifications)}};
  }

  json Result(const CiFinding& finding) {
    const std::string rule =
        finding.kind + (finding.point.empty() ? std::string() : "/" + finding.point);
    json result = {{"ruleId", rule},
                   {"ruleIndex", RuleIndex(rule, finding)},
                   {"level", Level(finding)},
                   {"kind", "fail"},
                   {"message", Message(Sentence(finding) + "\n\n" + TextOf(finding))},
                   {"fingerprints", {{"faultline/v1", finding.id}}},
                   {"partialFingerprints", {{"faultlineSignature/v1", finding.signature}}},
                   {"locations", json::array({MainLocation(finding)})},
                   {"stacks", Stacks(finding)},
                   {"properties",
                    {{"status", finding.status},
                     {"known", finding.known},
                     {"failsCommand", finding.fails},
                     {"places", finding.places},
                     {"replay", finding.replay}}}};
    if (finding.known) {
      result["baselineState"] = "unchanged";
      result["suppressions"] = json::array({Suppression(finding)});
    }
    return result;
  }

  // What is shown in lists.
  static std::string Sentence(const CiFinding& finding) {
    return fmt::format(
        "{}{}. The target should {}.", EscapeControls(finding.title),
        finding.injected.empty() ? "" : " (" + EscapeControls(finding.injected) + ")",
        finding.expected);
  }

  static json Suppression(const CiFinding& finding) {
    json suppression = {{"kind", "external"}, {"status", "accepted"}};
    if (!finding.note.empty()) {
      suppression["justification"] = finding.note;
    }
    return suppression;
  }

  static const char* Level(const CiFinding& finding) {
    if (finding.fails) {
      return "error";
    }
    return finding.known || finding.status == "flaky" || finding.status == "not tried" ? "warning"
                                                                                       : "note";
  }

  size_t RuleIndex(const std::string& id, const CiFinding& finding) {
    const auto [entry, is_new] = rule_indexes_.try_emplace(id, rules_.size());
    if (is_new) {
      rules_.push_back(
          {{"id", id},
           {"name", RuleName(finding.kind)},
           {"shortDescription",
            Message(finding.point.empty() ? finding.kind
                                          : finding.kind + " after " + finding.point + " failed")},
           {"fullDescription",
            Message(fmt::format("When a call fails, the target should {}.", finding.expected))},
           {"defaultConfiguration", {{"level", "error"}}},
           {"properties", {{"tags", {"fault-injection", finding.kind}}}}});
    }
    return entry->second;
  }

  // "io-device-missing" is IoDeviceMissing.
  static std::string RuleName(const std::string& kind) {
    std::string name;
    bool is_begin = true;
    for (const char c : kind) {
      if (c == '-') {
        is_begin = true;
      } else {
        name += is_begin && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        is_begin = false;
      }
    }
    return name;
  }

  json Location(const Frame& frame) const {
    json location = json::object();
    if (!frame.file.empty()) {
      json artifact;
      if (const auto below_root = source_.Find(frame.file)) {
        artifact = {{"uri", UriPath(below_root->string())}, {"uriBaseId", kSourceRoot}};
      } else {
        const std::string path = std::filesystem::path(frame.file).lexically_normal().string();
        artifact = {{"uri", (path.starts_with('/') ? "file://" : "") + UriPath(path)}};
      }
      location["physicalLocation"]["artifactLocation"] = std::move(artifact);
      if (frame.line > 0) {
        location["physicalLocation"]["region"] = {{"startLine", frame.line}};
      }
    }
    if (!frame.function.empty()) {
      location["logicalLocations"] = json::array(
          {{{"fullyQualifiedName", EscapeControls(frame.function)}, {"kind", "function"}}});
    }
    return location;
  }

  // A result without a location is not shown by code hosts: a function or a module, if no line is
  // known.
  json MainLocation(const CiFinding& finding) const {
    if (const Frame* frame = PlaceToShow(finding, root_)) {
      return Location(*frame);
    }
    for (const auto& [name, stack] : finding.stacks) {
      for (const Frame& frame : stack) {
        if (!frame.function.empty()) {
          return Location(frame);
        }
      }
    }
    return {{"logicalLocations",
             json::array({{{"fullyQualifiedName",
                            finding.point.empty() ? report_.title : finding.point}}})}};
  }

  json Stacks(const CiFinding& finding) const {
    json stacks = json::array();
    for (const auto& [name, stack] : finding.stacks) {
      json frames = json::array();
      for (size_t i = 0; i < std::min(stack.size(), kMostFrames); ++i) {
        json frame = json::object();
        if (json location = Location(stack[i]); !location.empty()) {
          frame["location"] = std::move(location);
        }
        if (!stack[i].module.empty()) {
          frame["module"] = stack[i].module;
        }
        frames.push_back(std::move(frame));
      }
      stacks.push_back({{"message", Message(name)}, {"frames", std::move(frames)}});
    }
    return stacks;
  }

  const CiReport& report_;
  const std::filesystem::path root_;
  const SourceLines source_;
  json rules_ = json::array();
  std::map<std::string, size_t> rule_indexes_;
};

}  // namespace

json SarifLog(const CiReport& report, const std::filesystem::path& source) {
  return SarifWriter(report, source).Write();
}

}  // namespace faultline
