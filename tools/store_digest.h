#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "harness/report/sweep_digest.h"
#include "harness/report/terminal.h"
#include "tools/command.h"
#include "tools/silent_list.h"

namespace faultline {

// The options of a command that reads a store, and what they lead to.
class StoreDigest {
 public:
  // STORE, --baseline, --assumed.
  void Declare(CLI::App& app);

  const std::string& file() const { return store_; }
  bool has_baseline() const { return !baseline_file_.empty(); }

  // Reads store and baseline, which is a file or a name as of `faultline sweep --baseline`. The
  // digest borrows from this object.
  SweepDigest Read(const GlobalOptions& global);

  // What the store that was read last tells of failures that were not reported.
  const std::vector<SilentFunction>& silent() const { return silent_; }

  // The finding whose id begins with `id`, which is at least one hexadecimal digit, or that has it
  // as its signature. Failure (kBadInput) when there is none or more than one.
  static const DigestFinding& Find(const SweepDigest& digest, const std::string& id,
                                   const std::string& store_file);

 private:
  std::string store_;
  std::string baseline_file_;
  bool assumed_ = false;
  Baseline baseline_;
  std::vector<SilentFunction> silent_;
};

// The baseline that `given` names, as FindBaseline has it of the scenario that was swept; an empty
// one when it is "".
Baseline BaselineOf(Store& store, const GlobalOptions& global, const std::string& given);

// Columns of tables on stdout.
size_t StdoutWidth();

// What stdout takes: as wide as it is, in colours where they are wanted.
TerminalOptions StdoutOptions(const GlobalOptions& global);

}  // namespace faultline
