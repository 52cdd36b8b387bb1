#pragma once

#include "harness/evidence/evidence.h"

namespace faultline {

// Of a thread that followed a wild pointer (`stack`, see BlamedStack) while a library was being
// finished, by the loader or by exit(): its stack from the function on with which the library is
// finished, where that is code of another module than the one that died. That module followed what
// it was given: the library takes down what it never put up, as its constructor had failed. A
// function without a name is called "destructor of MODULE" there. Empty in all other cases.
Stack StackOfDestructor(const Stack& stack);

}  // namespace faultline
