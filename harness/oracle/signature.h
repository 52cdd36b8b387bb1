#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/evidence.h"

// What makes two findings the same bug.
namespace faultline {

// `text` without what differs between two runs, machines or builds: addresses, numbers, directories
// of paths, line numbers, hashes, control characters, repeated blanks. "a.c:123" becomes "a.c",
// "0x9f5fe0"
// "<address>", "4711" "<n>", "nvme0" "nvme#". What a logger puts in front goes too (SplitLogLine),
// and the names and texts of errors ("ENOMEM", "Cannot allocate memory") become "<errno>": a forced
// failure brings an error of the catalogue's choice.
std::string NormaliseMessage(std::string_view text);

// The size of a UUID (8-4-4-4-12 hexadecimal digits, RFC 9562) at `start`; 0 when none stands
// there. It is one name: digits and letters of its groups differ from run to run.
size_t UuidSize(std::string_view text, size_t start);

// "KIND: MESSAGE @ FUNCTION < CALLER", with the message normalised and the functions that `stack`
// blames (see BlamedFunctions); without stack only the first half.
std::string MakeSignature(std::string_view kind, std::string_view message, const Stack& stack);

}  // namespace faultline
