#pragma once

namespace faultline {

// What a function returns, as far as the debug info tells; C's types without their names.
struct ReturnType {
  enum class Kind {
    kUnknown,  // no debug info, or a type that is none of these
    kNothing,  // void
    kSigned,
    kUnsigned,
    kBool,
    kPointer,  // or a reference
  };
  Kind kind = Kind::kUnknown;
  int bytes = 0;  // of numbers
};

}  // namespace faultline
