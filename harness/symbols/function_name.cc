#include "harness/symbols/function_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace faultline {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The kind of one suffix token (without its dot). False when it is none that a compiler appends.
bool Classify(std::string_view token, FunctionName::Part* part) {
  for (std::string_view same : {"lto_priv", "localalias", "llvm", "__uniq"}) {
    if (token == same) {
      return true;
    }
  }
  for (std::string_view variant : {"constprop", "isra", "part", "specialized"}) {
    if (token == variant) {
      if (*part == FunctionName::Part::kWhole) {
        *part = FunctionName::Part::kVariant;
      }
      return true;
    }
  }
  if (token == "cold") {
    *part = FunctionName::Part::kCold;
    return true;
  }
  return false;
}

// Just behind the parenthesis that closes the one at `open`.
size_t BehindParentheses(std::string_view name, size_t open) {
  int depth = 0;
  for (size_t i = open; i < name.size(); ++i) {
    depth += name[i] == '(' ? 1 : name[i] == ')' ? -1 : 0;
    if (depth == 0) {
      return i + 1;
    }
  }
  return name.size();
}

// Where the parameter list of a demangled name begins; its size when there is none. Parentheses
// that are part of the name: "(anonymous namespace)", "{lambda(int)#1}", "operator()", and the
// parameters of a function that the named one is local to: "f(int)
// const::{lambda()#1}::operator()() const".
size_t ParametersBegin(std::string_view name) {
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    std::string_view rest = name.substr(i);
    if (rest.starts_with("(anonymous namespace)")) {
      i += sizeof("(anonymous namespace)") - 2;
    } else if (rest.starts_with("operator()")) {
      i += sizeof("operator()") - 2;
    } else if (rest.starts_with("operator<") || rest.starts_with("operator>") ||
               rest.starts_with("operator->")) {
      i += sizeof("operator") - 1;
      while (i + 1 < name.size() && std::string_view("<>=-*").find(name[i + 1]) < 5) {
        ++i;
      }
    } else if (name[i] == '<' || name[i] == '{' || name[i] == '[') {
      ++depth;
    } else if (name[i] == '>' || name[i] == '}' || name[i] == ']') {
      --depth;
    } else if (name[i] == '(') {
      size_t behind = BehindParentheses(name, i);
      std::string_view rest_of_name = name.substr(behind);
      rest_of_name = rest_of_name.substr(rest_of_name.starts_with(" const") ? 6 : 0);
      if (depth == 0 && !rest_of_name.starts_with("::")) {
        return i;
      }
      i = behind - 1;
    }
  }
  return name.size();
}

// Drops the return type that demanglers print before template functions.
std::string_view WithoutReturnType(std::string_view name) {
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i).starts_with("(anonymous namespace)")) {
      i += sizeof("(anonymous namespace)") - 2;
    } else if (name.substr(i).starts_with("operator")) {
      break;  // blanks from here on belong to the operator
    } else if (name[i] == '<' || name[i] == '{' || name[i] == '(') {
      ++depth;
    } else if (name[i] == '>' || name[i] == '}' || name[i] == ')') {
      --depth;
    } else if (name[i] == ' ' && depth == 0) {
      begin = i + 1;
    }
  }
  return name.substr(begin);
}

}  // namespace

FunctionName SplitFunctionName(std::string_view symbol) {
  FunctionName name;
  name.base = symbol.substr(0, symbol.find('@'));
  // From the back: a number belongs to the token before it.
  std::string_view rest = name.base;
  while (true) {
    size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos || dot == 0) {
      return name;
    }
    std::string_view token = rest.substr(dot + 1);
    if (IsNumber(token)) {
      size_t before = rest.rfind('.', dot - 1);
      if (before == std::string_view::npos || before == 0) {
        return name;
      }
      token = rest.substr(before + 1, dot - before - 1);
      dot = before;
    }
    if (!Classify(token, &name.part)) {
      return name;
    }
    rest = rest.substr(0, dot);
    name.base = rest;
  }
}

std::string BareCxxName(std::string_view mangled) {
  if (!mangled.starts_with("_Z")) {
    return "";
  }
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(std::string(mangled).c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0 || !text) {
    return "";
  }
  std::string full = text.get();
  size_t parameters = ParametersBegin(full);
  std::string_view whole(full);
  std::string_view name = whole.substr(0, parameters);
  // Only template functions carry a return type; it is what stands before the last blank. Special
  // names ("vtable for x", "guard variable for x") have no parameters and are no functions.
  std::string bare(parameters == whole.size() ? name : WithoutReturnType(name));
  for (size_t tag = bare.find("[abi:"); tag != std::string::npos; tag = bare.find("[abi:")) {
    size_t end = bare.find(']', tag);
    bare.erase(tag, end == std::string::npos ? end : end - tag + 1);
  }
  return bare;
}

}  // namespace faultline
