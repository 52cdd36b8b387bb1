#include "harness/report/report_files.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/base/console.h"
#include "harness/base/failure.h"
#include "harness/base/files.h"
#include "harness/base/precious_file.h"
#include "harness/report/annotations.h"
#include "harness/report/junit.h"
#include "harness/report/markdown.h"
#include "harness/report/page_data.h"
#include "harness/report/sarif.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {
namespace {

constexpr std::array<std::pair<std::string_view, ReportFormat>, 6> kFormats = {
    {{"html", ReportFormat::kHtml},
     {"junit", ReportFormat::kJunit},
     {"sarif", ReportFormat::kSarif},
     {"markdown", ReportFormat::kMarkdown},
     {"json", ReportFormat::kJson},
     {"github", ReportFormat::kGithub}}};
constexpr char kStandardOutput[] = "-";

std::optional<ReportFormat> FormatOf(std::string_view word) {
  for (const auto& [name, format] : kFormats) {
    if (name == word) {
      return format;
    }
  }
  return std::nullopt;
}

// "junit=a,b.xml,json=c" is "junit=a,b.xml" and "json=c": a comma ends a file's name only where
// something like a format follows.
std::vector<std::string> Parts(const std::string& text) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t comma = text.find(','); comma != std::string::npos;
       comma = text.find(',', comma + 1)) {
    const size_t equals = text.find_first_of("=/,", comma + 1);
    if (equals != std::string::npos && text[equals] == '=') {
      parts.push_back(text.substr(begin, comma - begin));
      begin = comma + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string JsonText(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string UnfinishedPage(const std::string& title, const std::string& why) {
  std::string text;
  for (const char c : title + ": " + why) {
    text += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return "<!doctype html><meta charset=\"utf-8\"><title>unfinished</title><p>" + text + "</p>\n";
}

}  // namespace

ReportFiles::ReportFiles(const std::vector<std::string>& texts, std::string tool,
                         std::string_view version, std::filesystem::path source)
    : tool_(std::move(tool)), version_(version), source_(std::move(source)) {
  for (const std::string& text : texts) {
    for (const std::string& part : Parts(text)) {
      const size_t equals = part.find('=');
      const std::string format = part.substr(0, equals);
      outputs_.push_back(Parse(format, equals == std::string::npos ? "" : part.substr(equals + 1)));
    }
  }
  RequireDifferentFiles(files());
}

std::vector<NamedOutput> ReportFiles::files() const {
  std::vector<NamedOutput> files;
  for (const Output& output : outputs_) {
    files.push_back({"--report", output.path});
  }
  return files;
}

ReportFiles::Output ReportFiles::Parse(const std::string& format, const std::string& path) const {
  const std::optional<ReportFormat> known = FormatOf(format);
  if (!known) {
    std::vector<std::string> names;
    for (const auto& [name, value] : kFormats) {
      names.emplace_back(name);
    }
    throw Failure::BadInput(
        fmt::format("--report: unknown format `{}`: expected html, junit, sarif, markdown, json or "
                    "github, each with =FILE{}",
                    format, DidYouMean(format, names)));
  }
  if (path.empty()) {
    throw Failure::BadInput(fmt::format(
        "--report {}: expected {}=FILE, or {}=- for standard output", format, format, format));
  }
  Output output{*known, path, std::nullopt, ""};
  if (path != kStandardOutput) {
    RequireNoDataFile("--report " + format, path);
    output.file.emplace("--report " + format, path);
    // Steps of a job share this file, each adds to it.
    const char* summary = ::getenv("GITHUB_STEP_SUMMARY");
    if (summary != nullptr && path == summary && output.file->is_replaceable()) {
      output.before = ReadFile(path).value_or("");
      if (!output.before.empty() && !output.before.ends_with('\n')) {
        output.before += '\n';
      }
    }
  }
  return output;
}

bool ReportFiles::takes_stdout() const {
  for (const Output& output : outputs_) {
    if (!output.file && output.format != ReportFormat::kGithub) {
      return true;
    }
  }
  return false;
}

void ReportFiles::Begin(const std::string& title, const nlohmann::json& unfinished_json) {
  title_ = title;
  unfinished_json_ = unfinished_json;
  begun_ = true;
  ReportContent content;
  content.ci = UnfinishedCiReport(title, version_);
  content.html = [&] { return UnfinishedPage(title, content.ci.notes.front()); };
  content.json = [&] { return unfinished_json; };
  for (const Output& output : outputs_) {
    if (output.file && output.file->is_replaceable() && output.format != ReportFormat::kGithub) {
      Write(output, TextFor(output.format, content));
    }
  }
}

void ReportFiles::Finish(const ReportContent& content) {
  finished_ = true;
  for (const Output& output : outputs_) {
    Write(output, TextFor(output.format, content));
  }
}

void ReportFiles::Fail(const std::string& why) {
  if (finished_) {
    return;
  }
  ReportContent content;
  content.ci =
      CiReportOfUnjudged(title_.empty() ? tool_ : title_, CiCase::Result::kError, why, version_);
  content.ci.errors = {{tool_, why}};
  content.html = [&] { return UnfinishedPage(tool_, why); };
  content.json = [&] {
    nlohmann::json json =
        unfinished_json_.is_object() ? unfinished_json_ : nlohmann::json::object();
    json["state"] = "unfinished";
    json["error"] = why;
    return json;
  };
  for (const Output& output : outputs_) {
    std::error_code error;
    if (begun_ || (output.file && std::filesystem::is_regular_file(output.path, error))) {
      Write(output, TextFor(output.format, content));
    }
  }
}

void ReportFiles::TellPaths() const {
  for (const Output& output : outputs_) {
    if (output.file) {
      PrintMessage("{}\n", output.path);
    }
  }
}

std::string ReportFiles::TextFor(ReportFormat format, const ReportContent& content) const {
  switch (format) {
    case ReportFormat::kHtml:
      return content.html();
    case ReportFormat::kJunit:
      return JunitXml(content.ci);
    case ReportFormat::kSarif:
      return JsonText(SarifLog(content.ci, source_));
    case ReportFormat::kMarkdown:
      return MarkdownReport(content.ci);
    case ReportFormat::kJson:
      return JsonText(content.json());
    case ReportFormat::kGithub:
      break;
  }
  return GithubAnnotations(content.ci, source_);
}

void ReportFiles::Write(const Output& output, const std::string& text) const {
  if (!output.file) {
    WriteResult(text);
  } else {
    output.file->Write(output.before + text);
  }
}

}  // namespace faultline
