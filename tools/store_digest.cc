#include "tools/store_digest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "harness/base/failure.h"
#include "harness/base/terminal.h"
#include "harness/scenario/nearest_word.h"

namespace faultline {

void StoreDigest::Declare(CLI::App& app) {
  app.add_option("store", store_, "the sweep's store")->required()->type_name("STORE");
  app.add_option("--baseline", baseline_file_, "findings that are known: a file or a name")
      ->type_name("FILE|NAME");
  app.add_flag("--assumed", assumed_,
               "findings whose failure nothing was seen to bring about count as failures too");
}

SweepDigest StoreDigest::Read(const GlobalOptions& global) {
  Store store(store_, Store::Mode::kRead);
  baseline_ = BaselineOf(store, global, baseline_file_);
  silent_ = ListSilentFunctions(store);
  return MakeDigest(store, baseline_, assumed_);
}

Baseline BaselineOf(Store& store, const GlobalOptions& global, const std::string& given) {
  if (given.empty()) {
    return Baseline();
  }
  const std::vector<StoredEnvironment> environments = store.Environments();
  return FindBaseline(global, environments.empty() ? "" : environments.front().scenario_file,
                      given);
}

const DigestFinding& StoreDigest::Find(const SweepDigest& digest, const std::string& id,
                                       const std::string& store_file) {
  std::vector<const DigestFinding*> found;
  std::vector<std::string> ids;
  for (const DigestFinding& finding : digest.findings) {
    ids.push_back(finding.group.id);
    if (!id.empty() && (finding.group.id.starts_with(id) || finding.group.signature == id)) {
      found.push_back(&finding);
    }
  }
  if (found.size() > 1) {
    throw Failure::BadInput(
        fmt::format("`{}` is the beginning of {} findings, {} and {} among "
                    "them: more digits are needed",
                    id, found.size(), found[0]->group.id, found[1]->group.id));
  }
  if (found.empty()) {
    throw Failure::BadInput(
        fmt::format("{} has no finding `{}`{}: `faultline findings {}` lists "
                    "them",
                    store_file, id, DidYouMean(id, ids), store_file));
  }
  return *found.front();
}

size_t StdoutWidth() { return TextWidth(STDOUT_FILENO); }

TerminalOptions StdoutOptions(const GlobalOptions& global) {
  const size_t width = StdoutWidth();
  return {.color = UseColor(global), .width = width, .wrap = ProseWidth(STDOUT_FILENO) == width};
}

}  // namespace faultline
