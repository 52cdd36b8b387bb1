#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/planner/module_record.h"

// Words for what is not there. Slow (reads debug info, all symbols): only when a user is to be
// told.
namespace faultline {

struct InlinedFunction {
  std::string module;          // base name of one that has it
  std::set<std::string> into;  // functions with code of their own; not empty
  // "every call was inlined, into `main`: it has no code of its own"
  std::string Text() const;
};

// Those of `names` that were inlined everywhere.
std::map<std::string, InlinedFunction> FindInlined(const std::vector<ModuleRecord>& records,
                                                   const std::set<std::string>& names);

// The names of all functions of the modules, without suffixes; C++ ones as BareCxxName makes them.
std::vector<std::string> AllFunctionNames(const std::vector<ModuleRecord>& records);

// "testpmd, libc.so.6, libm.so.6 and 65 more modules".
std::string ModuleList(const std::vector<ModuleRecord>& records);

}  // namespace faultline
