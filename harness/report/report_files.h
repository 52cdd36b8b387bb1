#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/failure.h"
#include "harness/base/output_file.h"
#include "harness/report/ci_report.h"

namespace faultline {

enum class ReportFormat { kHtml, kJunit, kSarif, kMarkdown, kJson, kGithub };

// What there is to report. The page and the JSON are made only when they are asked for.
struct ReportContent {
  CiReport ci;
  std::function<std::string()> html;
  std::function<nlohmann::json()> json;
};

// The files of --report: "html=FILE,junit=FILE,...", of which "-" is standard output. From Begin to
// Finish they say that they are unfinished, as an error where the format has one: whoever finds
// them after the harness was killed is not misled. They are replaced as a whole. A file that is no
// regular one, or "-", gets the finished report alone. One thread.
class ReportFiles {
 public:
  // `texts`: as given, one for each --report. `tool`: "run", "sweep", for unfinished ones. Looks
  // before the work begins: Failure (kBadInput) for an unknown format, the same file twice, or what
  // OutputFile says.
  ReportFiles(const std::vector<std::string>& texts, std::string tool, std::string_view version,
              std::filesystem::path source = {});

  bool empty() const { return outputs_.empty(); }
  // For RequireDifferentFiles.
  std::vector<NamedOutput> files() const;
  // A whole report goes to standard output, so that nothing else may.
  bool takes_stdout() const;

  // Writes the unfinished reports; `title` says of what.
  void Begin(const std::string& title, const nlohmann::json& unfinished_json);
  void Finish(const ReportContent& content);
  // Instead, when the work could not be done; nothing once they are finished. Of files that are not
  // begun only those that are there are replaced: they are of an earlier time, and would be taken
  // for this one's.
  void Fail(const std::string& why);
  // What `work` returns; a Failure of its is reported (Fail) and thrown on.
  template <typename Work>
  auto Guard(const Work& work) {
    try {
      return work();
    } catch (const Failure& failure) {
      Fail(failure.what());
      throw;
    }
  }
  // On stderr, one a line: where the reports are.
  void TellPaths() const;

 private:
  struct Output {
    ReportFormat format;
    std::string path;
    std::optional<OutputFile> file;  // nothing: standard output
    std::string before;              // what a page of a job held already
  };

  Output Parse(const std::string& format, const std::string& path) const;
  std::string TextFor(ReportFormat format, const ReportContent& content) const;
  void Write(const Output& output, const std::string& text) const;

  const std::string tool_;
  const std::string version_;
  const std::filesystem::path source_;
  std::string title_;
  nlohmann::json unfinished_json_;
  bool begun_ = false;
  bool finished_ = false;
  std::vector<Output> outputs_;
};

}  // namespace faultline
