#pragma once

#include <string>

namespace faultline {

// A function or variable of a file's symbol table.
struct Symbol {
  std::string name;  // "NAME" or "NAME+0xoffset"; "" when not known
  // The source file that has it for itself (`static`), without directories. "" for a name that the
  // whole program shares, and where the table does not say: after link-time optimisation, say.
  std::string file;

  // "NAME" or "NAME (FILE)": two files may each have a variable of one name.
  std::string ToString() const { return file.empty() ? name : name + " (" + file + ")"; }
  friend bool operator==(const Symbol&, const Symbol&) = default;
};

}  // namespace faultline
