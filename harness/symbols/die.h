#pragma once

#include <elfutils/libdw.h>

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"
#include "harness/symbols/return_type.h"

// What single entries of the debug info say (DWARF's DIEs). All pointers are borrowed.
namespace faultline {

// The entries around one, the innermost first, as dwarf_getscopes() allocates them.
struct Scopes {
  Dwarf_Die* dies = nullptr;
  int count = 0;
  Scopes() = default;
  Scopes(const Scopes&) = delete;
  Scopes& operator=(const Scopes&) = delete;
  ~Scopes() { std::free(dies); }
  std::span<Dwarf_Die> all() const { return {dies, static_cast<size_t>(count > 0 ? count : 0)}; }
};

// A function's name as people read it, of a symbol's.
std::string ReadableName(std::string_view name);

// The function's name: the mangled one tells overloads and classes apart, C has only the other.
std::string NameOf(Dwarf_Die* die);

// Where the code of `inlined` was called from, as the line of the frame around it.
void SetCallPlace(Dwarf_Die* unit, Dwarf_Die* inlined, Frame& outer);

// What `function`, or what was inlined of it, returns.
ReturnType ReturnTypeOf(Dwarf_Die* function);

}  // namespace faultline
