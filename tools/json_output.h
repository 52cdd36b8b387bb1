#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/output_file.h"

namespace faultline {

// --json of a command. Its file is replaced as a whole; "-" is standard output, which the JSON then
// has for itself, so that it can be piped: what people read goes to stderr.
class JsonOutput {
 public:
  // The option of `app`; `what` is its help.
  void Declare(CLI::App& app, const std::string& what);
  // To be called before the work begins: Failure (kBadInput) when OutputFile refuses the file.
  void Check();

  bool is_wanted() const { return !path_.empty(); }
  bool takes_stdout() const { return path_ == "-"; }
  const std::string& path() const { return path_; }

  // What people read.
  void Tell(std::string_view text) const;
  // Writes the document where it is wanted; bytes that are not UTF-8 become U+FFFD.
  void Write(const nlohmann::json& document) const;

 private:
  std::string path_;
  std::optional<OutputFile> file_;
};

}  // namespace faultline
