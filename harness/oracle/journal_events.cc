#include "harness/oracle/journal_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "harness/oracle/blame.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

std::string NameOr(const std::vector<std::string>& names, uint32_t index) {
  return index < names.size() ? names[index] : fmt::format("number {}", index);
}

std::string What(const JournalRecord& record, const Evidence& evidence) {
  switch (record.kind) {
    case JournalRecord::kCall:
      return NameOr(evidence.points, record.index);
    case JournalRecord::kInjected:
      return "injected " + NameOr(evidence.points, record.index);
    case JournalRecord::kObserved:
      return NameOr(evidence.observers, record.index);
    case JournalRecord::kThread:
      return "new thread";
    case JournalRecord::kModule:
      return "module loaded";
    case JournalRecord::kMainEntered:
      return "main entered";
    case JournalRecord::kExiting:
      return "exiting";
    case JournalRecord::kForked:
      return fmt::format("forked child {}", record.key);
    case JournalRecord::kLateModule:
      return "module loaded that the plan did not know";
    default:
      return fmt::format("event {}", record.kind);
  }
}

std::string Line(const JournalRecord& record, const Evidence& evidence, Symbolizer& symbolizer) {
  std::string line =
      fmt::format("step {}, thread {}: {}", record.step, record.tid, What(record, evidence));
  if (record.kind != JournalRecord::kInjected && record.label[0] != '\0') {
    line += fmt::format(" ({})", record.label);
  }
  if (record.stack < evidence.journal.stacks.size()) {
    const Stack stack =
        BlamedStack(symbolizer.Symbolize(evidence.journal, evidence.journal.stacks[record.stack]));
    if (!stack.empty()) {
      Frame caller = stack.front();
      caller.file = std::filesystem::path(caller.file).filename().string();
      line += " from " + caller.ToString();
    }
  }
  return line;
}

}  // namespace

std::vector<std::string> LastEvents(const Evidence& evidence, size_t count) {
  const std::vector<JournalRecord>& records = evidence.journal.records;
  Symbolizer symbolizer;
  std::vector<std::string> lines;
  for (size_t i = records.size() - std::min(count, records.size()); i < records.size(); ++i) {
    lines.push_back(Line(records[i], evidence, symbolizer));
  }
  return lines;
}

}  // namespace faultline
