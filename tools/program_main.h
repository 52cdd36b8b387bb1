#pragma once

namespace faultline {

// The main function of each of our programs, named `name` in messages: `body` returns the exit
// code. Starts the Guardian first, before there is any thread. A Failure is told in one line and
// ends with its code; Ctrl-C and the like end the process by that signal, so that a shell sees 130
// and its loop ends, after all that `body` made is gone.
int ProgramMain(const char* name, int argc, char** argv, int (*body)(int argc, char** argv));

}  // namespace faultline
