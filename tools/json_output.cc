#include "tools/json_output.h"

#include "harness/base/console.h"
#include "harness/base/precious_file.h"

namespace faultline {

void JsonOutput::Declare(CLI::App& app, const std::string& what) {
  app.add_option("--json", path_, what + "; - is standard output")->type_name("FILE");
}

void JsonOutput::Check() {
  if (is_wanted() && !takes_stdout()) {
    RequireNoDataFile("--json", path_);
    file_.emplace("--json", path_);
  }
}

void JsonOutput::Tell(std::string_view text) const {
  takes_stdout() ? WriteMessage(text) : WriteResult(text);
}

void JsonOutput::Write(const nlohmann::json& document) const {
  if (!is_wanted()) {
    return;
  }
  const std::string text =
      document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  file_ ? file_->Write(text) : WriteResult(text);
}

}  // namespace faultline
