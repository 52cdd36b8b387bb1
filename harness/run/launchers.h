#pragma once

#include <filesystem>

#include "harness/target/process.h"

// Programs by what they are for: to execute others, or to read what was written for them.
namespace faultline {

// A script, by its first line, or a shell by its name.
bool IsScriptOrShell(const std::filesystem::path& program);

// Programs that do nothing but execute others: what one has executed when it has run to completion
// is the target, and so is what one has executed that does more than wait for it.
bool IsMadeToWrap(const std::filesystem::path& program);

// Does an interpreter, which another has found for it (`#!/usr/bin/env python3`), read the script
// that was started?
bool ReadsScript(const ExecutedProgram& executed, const std::filesystem::path& script);

// Programs that run what is written for them, often to start others. By the name; `program` is no
// link.
bool IsInterpreter(const std::filesystem::path& program);

}  // namespace faultline
