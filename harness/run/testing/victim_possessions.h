#pragma once

#include <cstdint>
#include <string>

// What a process may have that a forked one has only if somebody sees to it, or not at all.
namespace victim {

// Takes one of them, by the argument of snapshot_victim; nothing for any other word.
void Take(const std::string& what);

// At the end: what was taken still works, and is this process's alone.
void CheckTaken();

// A word in shared memory, where "trace" was taken; else nullptr.
uint64_t* Trace();

}  // namespace victim
