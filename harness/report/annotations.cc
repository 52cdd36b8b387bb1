#include "harness/report/annotations.h"

#include <fmt/format.h>

#include "harness/oracle/ends_by_design.h"
#include "harness/report/source_lines.h"
#include "harness/report/text.h"

namespace faultline {
namespace {

constexpr size_t kMostOfAKind = 10;

// `property`: of what stands before the message.
std::string Escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      case ':':
        out += property ? "%3A" : ":";
        break;
      case ',':
        out += property ? "%2C" : ",";
        break;
      default:
        out += c;
    }
  }
  return out;
}

class AnnotationWriter {
 public:
  AnnotationWriter(const CiReport& report, const std::filesystem::path& source)
      : report_(report), root_(source), source_(source) {}

  std::string Write() {
    for (const CiSuite& suite : report_.suites) {
      for (const CiCase& one : suite.cases) {
        if (one.result == CiCase::Result::kError) {
          Add("error", "", "Faultline: " + one.name, one.message);
        }
      }
    }
    for (const CiFinding& finding : report_.findings) {
      if (!finding.known && finding.kind != kEndsByDesign) {
        Add(finding.fails ? "error" : "warning", PlaceOf(finding),
            fmt::format("{} {}", finding.kind, finding.id),
            finding.fails ? TextOf(finding)
                          : fmt::format("{} ({})", finding.title, finding.status));
      }
    }
    if (left_out_ > 0) {
      out_ +=
          fmt::format("::notice title=Faultline::{} more findings are in the report\n", left_out_);
    }
    return std::move(out_);
  }

 private:
  void Add(const std::string& level, const std::string& place, const std::string& title,
           const std::string& message) {
    size_t& told = level == "error" ? errors_ : warnings_;
    if (told == kMostOfAKind) {
      ++left_out_;
      return;
    }
    ++told;
    std::string lines;
    for (size_t begin = 0; begin < message.size();) {
      const size_t end = std::min(message.find('\n', begin), message.size());
      lines += (lines.empty() ? "" : "\n") +
               EscapeControls(std::string_view(message).substr(begin, end - begin));
      begin = end + 1;
    }
    out_ += fmt::format("::{} {}title={}::{}\n", level, place, Escaped(EscapeControls(title), true),
                        Escaped(lines, false));
  }

  std::string PlaceOf(const CiFinding& finding) const {
    const Frame* frame = PlaceToShow(finding, root_);
    const auto file = frame != nullptr ? source_.Find(frame->file) : std::nullopt;
    return file ? fmt::format("file={},line={},", Escaped(file->string(), true), frame->line) : "";
  }

  const CiReport& report_;
  const std::filesystem::path root_;
  const SourceLines source_;
  std::string out_;
  size_t errors_ = 0;
  size_t warnings_ = 0;
  size_t left_out_ = 0;
};

}  // namespace

std::string GithubAnnotations(const CiReport& report, const std::filesystem::path& source) {
  return AnnotationWriter(report, source).Write();
}

}  // namespace faultline
