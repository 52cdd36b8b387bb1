#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/scenario/catalogue.h"
#include "harness/symbols/symbolizer.h"

// Which code of a stack is to blame: the part that is neither libc, nor the machinery that ends a
// process on purpose, nor the agent.
namespace faultline {

// True for frames that say how a process died but not why: abort(), assert(),
// the standard library of C++, libc and the loader, allocators, the agent and its trampolines.
bool IsMachinery(const Frame& frame);

// `stack` without the machinery at its inner end; the whole stack when there is nothing else.
Stack BlamedStack(const Stack& stack);

// `stack`, of a thread that called abort(), without the machinery at its inner end and without the
// helpers that end the process on behalf of whoever met the error: functions that never return
// (Frame::ends_process), and those of `helpers` (Catalogue::abort_helpers). As BlamedStack when
// there is nothing else.
Stack StackThatAborted(const Stack& stack, const std::vector<std::string>& helpers);

// `stack` without the frames at its inner end that are functions of the catalogue's fault points:
// who met a failure first and is no such function. When spdk_bdev_open_ext fails because a call in
// it was made to fail, its caller meets the same failure as when spdk_bdev_open_ext itself is. The
// whole stack when there is nothing else.
Stack StackThatMetFailure(const Stack& stack, const Catalogue& catalogue);

// `function` without the arguments of its templates: "a::Pool<>::Grow".
std::string FoldTemplates(std::string_view function);

// The functions that make two stacks the same for a signature: the innermost blamed one and the
// first of its callers that lies in another source file. Those between may be inlined or gone by a
// tail call in one build and not in another. At most two; fewer when the stack has no more names.
// Template arguments are folded.
std::vector<std::string> BlamedFunctions(const Stack& stack);

// The language in whose interpreter `frame` lies, "" for none. Which of its functions a failure
// came to says nothing of the program that it runs, and is another one in the next version.
std::string_view InterpreterOf(const Frame& frame);

// BlamedFunctions of a call that failed, or that made something: "Python code" where an interpreter
// made it.
std::vector<std::string> NamedCallers(const Stack& stack);

// Of the call that a journal record tells: BlamedStack of its stack, empty when none was kept.
Stack BlamedStack(const protocol::JournalRecord& record, const JournalSnapshot& journal,
                  Symbolizer& symbolizer);

// The innermost frame for a sentence, its file without directories: "create (pool.c:12)". "an
// unknown place" for an empty stack.
std::string PlaceText(const Stack& stack);

}  // namespace faultline
