#include "harness/oracle/past_ready.h"

#include <algorithm>
#include <filesystem>

#include "harness/base/failure.h"
#include "harness/oracle/failed_call.h"
#include "harness/symbols/elf_image.h"
#include "harness/symbols/named_text.h"

namespace faultline {
namespace {

std::string PathOf(const std::string& module, const JournalSnapshot& journal) {
  const auto known =
      std::find_if(journal.modules.begin(), journal.modules.end(), [&](const JournalModule& one) {
        return std::filesystem::path(one.path).filename() == module;
      });
  return known == journal.modules.end() ? "" : known->path;
}

bool HasSaid(const Frame& frame, const LinePattern& line, const JournalSnapshot& journal) {
  const std::string path = PathOf(frame.module, journal);
  if (path.empty()) {
    return false;
  }
  try {
    return NamesTextBefore(ElfImage::Open(path), frame.offset, line);
  } catch (const Failure&) {
    return false;  // the file has gone
  }
}

}  // namespace

bool IsPastItsReadyLine(const Evidence& evidence, const OracleContext& context) {
  const ReadyCondition& ready = context.profile.ready;
  if (ready.kind != ReadyCondition::Kind::kLogLine || FirstFailure(evidence) == nullptr ||
      !evidence.asked_to_stop || !IsCleanEnd(evidence.exit, context.profile.clean) ||
      !LinePattern::ProblemOf(ready.value).empty()) {
    return false;
  }
  const LinePattern line(ready.value);
  return std::any_of(
      evidence.threads.begin(), evidence.threads.end(), [&](const ThreadStack& thread) {
        return std::any_of(thread.frames.begin(), thread.frames.end(), [&](const Frame& frame) {
          return HasSaid(frame, line, evidence.journal);
        });
      });
}

}  // namespace faultline
