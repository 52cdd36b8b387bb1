#pragma once

#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/oracle/testing/judged_run.h"
#include "harness/protocol/return_trace.h"
#include "harness/symbols/symbolizer.h"

namespace faultline::testkit {

// A run whose calls have the stacks of the test that tells of them: what is read from stacks, and
// from the code around a call, is read from the test program itself. Functions that are to be seen
// on them must not be inlined, nor end in a jump: see NO_TAIL_CALL.
class StackRecorder : public JudgedRun {
 public:
  StackRecorder() {
    Dl_info info;
    ::dladdr(reinterpret_cast<void*>(&MarkOfThisProgram), &info);
    JournalModule& module = evidence.journal.modules.emplace_back();
    module.path = std::filesystem::canonical("/proc/self/exe").string();
    module.base = reinterpret_cast<uint64_t>(info.dli_fbase);
    module.text_end = uint64_t{1} << 30;
  }

  [[gnu::noinline]] void Record(std::string_view observer, uint64_t key,
                                std::string_view label = "") {
    const uint32_t stack = Capture();
    Call(observer, key, label).stack = stack;
  }
  [[gnu::noinline]] void Fail() { FailAt(Capture()); }
  // The same call, which may fail.
  [[gnu::noinline]] void RecordOrFail(std::string_view observer, uint64_t key, bool fails) {
    const uint32_t stack = Capture();
    if (fails) {
      FailAt(stack);
    } else {
      Call(observer, key).stack = stack;
    }
  }

  // What the functions returned that were running when the first call failed, innermost first;
  // nullopt: it did not return.
  void Trace(const std::vector<std::optional<uint64_t>>& returned) {
    const auto injected = std::find_if(
        evidence.journal.records.begin(), evidence.journal.records.end(),
        [](const auto& record) { return record.kind == protocol::JournalRecord::kInjected; });
    const uint32_t stack = injected->stack;
    protocol::JournalRecord& traced = Append(protocol::kTraced);
    traced.stack = stack;
    traced.key = returned.size();
    for (uint32_t i = 0; i < returned.size(); ++i) {
      if (returned[i]) {
        protocol::JournalRecord& back = Append(protocol::kCameBack);
        back.stack = stack;
        back.index = i;
        back.result = *returned[i];
      }
    }
  }

 private:
  static void MarkOfThisProgram() {}

  void FailAt(uint32_t stack) {
    Inject("any").stack = stack;
    Symbolizer symbolizer;
    evidence.injections.back().stack =
        symbolizer.Symbolize(evidence.journal, evidence.journal.stacks[stack]);
  }

  // Of the caller's caller on, as the agent takes it. Equal stacks have one row.
  [[gnu::noinline]] uint32_t Capture() {
    constexpr int kMostFrames = 32;
    void* frames[kMostFrames];
    const int count = ::backtrace(frames, kMostFrames);
    JournalStack stack;
    const JournalModule& module = evidence.journal.modules[0];
    for (int i = 2; i < count; ++i) {
      const auto address = reinterpret_cast<uint64_t>(frames[i]);
      const uint64_t offset = address - module.base;
      stack.frames.push_back(offset < module.text_end ? protocol::PackFrame(0, offset)
                                                      : address & 0xffffffffffffu);
    }
    std::vector<JournalStack>& stacks = evidence.journal.stacks;
    const auto same = std::find_if(stacks.begin(), stacks.end(), [&](const JournalStack& other) {
      return other.frames == stack.frames;
    });
    const auto row = static_cast<uint32_t>(same - stacks.begin());
    if (same == stacks.end()) {
      stacks.push_back(std::move(stack));
    }
    return row;
  }
};

}  // namespace faultline::testkit

// Keeps the compiler from making a jump of the call before it.
#define NO_TAIL_CALL asm volatile("" ::: "memory")
