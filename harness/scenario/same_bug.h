#pragma once

#include <string_view>

namespace faultline {

// May the finding with the signature `seen` be the bug whose signature is `known`, though two
// builds tell it in other words? A sanitizer's runtime tells the signal that ends another build,
// and sees a use of freed memory before there is a wild pointer. A target that was not traced has
// no stack: its signature ends with the function that an assertion names, where that of another
// build goes on with the callers. The place must be the same, but for a `known` that ends with
// " @ *": who uses freed memory first is chance.
bool MayBeSameBug(std::string_view seen, std::string_view known);

// Is `signature` one that ends with " @ *"?
bool NamesAnyPlace(std::string_view signature);

// Has its place a `*` that is neither all of it nor of an `operator*`? Such a signature is none
// that anything answers to.
bool MisusesAnyPlace(std::string_view signature);

}  // namespace faultline
