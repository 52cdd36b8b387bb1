#pragma once

#include <string>
#include <vector>

#include "harness/evidence/evidence.h"
#include "harness/symbols/symbolizer.h"

// Which code of a stack is to blame: the part that is neither libc, nor the machinery that ends a
// process on purpose, nor the agent.
namespace faultline {

// True for frames that say how a process died but not why: abort(), assert(), panic functions,
// std::terminate, libc and the loader, allocators, the agent and its trampolines.
bool IsMachinery(const Frame& frame);

// `stack` without the machinery at its inner end; the whole stack when there is nothing else.
Stack BlamedStack(const Stack& stack);

// The functions that make two stacks the same for a signature: the innermost blamed one and the
// first of its callers that lies in another source file. Those between may be inlined or gone by a
// tail call in one build and not in another. At most two; fewer when the stack has no more names.
std::vector<std::string> BlamedFunctions(const Stack& stack);

// Of the call that a journal record tells: BlamedStack of its stack, empty when none was kept.
Stack BlamedStack(const protocol::JournalRecord& record, const JournalSnapshot& journal,
                  Symbolizer& symbolizer);

// The innermost frame for a sentence, its file without directories: "create (pool.c:12)". "an
// unknown place" for an empty stack.
std::string PlaceText(const Stack& stack);

}  // namespace faultline
