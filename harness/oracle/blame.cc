#include "harness/oracle/blame.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

namespace faultline {
namespace {

bool StartsWithAny(std::string_view text, const auto& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

constexpr std::string_view kAgentModule = "libfaultline_agent";

constexpr std::array<std::string_view, 16> kMachineryModules = {
    kNoCode,      "libc.so",    "libc-2.",    "ld-linux",      "libpthread", "libstdc++.so",
    "libgcc_s",   "libm.so",    kAgentModule, "linux-vdso.so", "[vdso]",     "libubsan.so",
    "libasan.so", "liblsan.so", "libtsan.so", "libclang_rt."};

// In statically linked programs the same code has no module of its own to be known by.
constexpr std::array<std::string_view, 22> kMachineryFunctions = {
    "__GI_",           "__assert",         "__pthread_kill", "__libc_",
    "__restore_rt",    "__stack_chk_fail", "__fortify_fail", "__chk_fail",
    "__cxa_",          "__gnu_cxx::",      "std::",          "operator new",
    "operator delete", "malloc_printerr",  "_int_free",      "_int_malloc",
    "faultline_",      "__interceptor_",   "__asan_",        "__lsan_",
    "__ubsan_",        "__sanitizer",
};

constexpr std::array<std::string_view, 9> kMachineryNames = {
    "abort", "raise", "gsignal", "_start", "start_thread", "clone", "clone3", "free", "malloc"};

}  // namespace

bool IsMachinery(const Frame& frame) {
  if (frame.function.empty() && frame.module.empty()) {
    return true;  // a trampoline
  }
  return frame.function == "??" || StartsWithAny(frame.module, kMachineryModules) ||
         StartsWithAny(frame.function, kMachineryFunctions) ||
         std::find(kMachineryNames.begin(), kMachineryNames.end(), frame.function) !=
             kMachineryNames.end();
}

Stack BlamedStack(const Stack& stack) {
  const auto first = std::find_if_not(stack.begin(), stack.end(), IsMachinery);
  if (first == stack.end()) {
    return stack;
  }
  Stack blamed(first, stack.end());
  // Ours lie between a function that an observer wraps and its caller.
  std::erase_if(blamed, [](const Frame& frame) { return frame.module.starts_with(kAgentModule); });
  return blamed;
}

Stack StackThatAborted(const Stack& stack, const std::vector<std::string>& helpers) {
  const Stack blamed = BlamedStack(stack);
  const auto aborter = std::find_if_not(blamed.begin(), blamed.end(), [&](const Frame& frame) {
    return IsMachinery(frame) || frame.ends_process ||
           std::find(helpers.begin(), helpers.end(), frame.function) != helpers.end();
  });
  return aborter == blamed.end() ? blamed : Stack(aborter, blamed.end());
}

Stack StackThatMetFailure(const Stack& stack, const Catalogue& catalogue) {
  const auto is_point = [&](const std::string& function) {
    return std::any_of(catalogue.points.begin(), catalogue.points.end(),
                       [&](const FaultPoint& point) {
                         return std::find(point.symbols.begin(), point.symbols.end(), function) !=
                                point.symbols.end();
                       });
  };
  const Stack blamed = BlamedStack(stack);
  const auto met = std::find_if_not(blamed.begin(), blamed.end(), [&](const Frame& frame) {
    return IsMachinery(frame) || is_point(frame.function);
  });
  return met == blamed.end() ? blamed : Stack(met, blamed.end());
}

std::string FoldTemplates(std::string_view function) {
  std::string folded;
  int depth = 0;
  for (size_t i = 0; i < function.size(); ++i) {
    // The brackets of an operator's own name are none of a template.
    if (depth == 0 && function.substr(i).starts_with("operator") &&
        (i == 0 || function[i - 1] == ':' || function[i - 1] == ' ')) {
      const size_t name = std::min(i + std::string_view("operator").size(), function.size());
      const size_t behind = std::min(function.find_first_not_of("<>=-!", name), function.size());
      folded += function.substr(i, behind - i);
      i = behind - 1;
      continue;
    }
    const char c = function[i];
    depth -= c == '>' && depth > 0 ? 1 : 0;
    if (depth == 0) {
      folded += c;
    }
    depth += c == '<' ? 1 : 0;
  }
  return folded;
}

std::vector<std::string> BlamedFunctions(const Stack& stack) {
  std::vector<std::string> functions;
  std::string_view file;
  for (const Frame& frame : stack) {
    if (frame.function.empty() || IsMachinery(frame)) {
      continue;
    }
    if (functions.empty()) {
      functions.push_back(FoldTemplates(frame.function));
      file = frame.file;
    } else if (frame.file.empty() || frame.file != file) {
      functions.push_back(FoldTemplates(frame.function));
      break;
    }
  }
  return functions;
}

std::string_view InterpreterOf(const Frame& frame) {
  using Known = std::pair<std::string_view, std::string_view>;
  constexpr std::array<Known, 9> kModules = {{{"python3", "Python"},
                                              {"python2", "Python"},
                                              {"libpython", "Python"},
                                              {"perl", "Perl"},
                                              {"libperl.so", "Perl"},
                                              {"ruby", "Ruby"},
                                              {"libruby", "Ruby"},
                                              {"lua5", "Lua"},
                                              {"liblua5", "Lua"}}};
  // Of one that is linked into another program.
  constexpr std::array<Known, 10> kFunctions = {{{"_Py", "Python"},
                                                 {"Py", "Python"},
                                                 {"pymain_", "Python"},
                                                 {"cfunction_vectorcall", "Python"},
                                                 {"method_vectorcall", "Python"},
                                                 {"cfunction_call", "Python"},
                                                 {"Perl_", "Perl"},
                                                 {"luaV_", "Lua"},
                                                 {"luaD_", "Lua"},
                                                 {"rb_vm_", "Ruby"}}};
  for (const auto& [prefix, language] : kModules) {
    if (frame.module.starts_with(prefix)) {
      return language;
    }
  }
  for (const auto& [prefix, language] : kFunctions) {
    if (frame.function.starts_with(prefix)) {
      return language;
    }
  }
  return "";
}

std::vector<std::string> NamedCallers(const Stack& stack) {
  const auto first = std::find_if_not(stack.begin(), stack.end(), IsMachinery);
  if (first != stack.end()) {
    if (const std::string_view language = InterpreterOf(*first); !language.empty()) {
      return {std::string(language) + " code"};
    }
  }
  return BlamedFunctions(stack);
}

Stack BlamedStack(const protocol::JournalRecord& record, const JournalSnapshot& journal,
                  Symbolizer& symbolizer) {
  return record.stack < journal.stacks.size()
             ? BlamedStack(symbolizer.Symbolize(journal, journal.stacks[record.stack]))
             : Stack();
}

std::string PlaceText(const Stack& stack) {
  if (stack.empty()) {
    return "an unknown place";
  }
  Frame frame = stack.front();
  frame.file = std::filesystem::path(frame.file).filename().string();
  return frame.ToString();
}

}  // namespace faultline
