#pragma once

#include <cstddef>
#include <string_view>

// Dates and times at the beginning of a text, as loggers write them.
namespace faultline {

// Does `text` begin as `shape` is: '9' a digit, 'A' a letter, any other character itself?
bool HasShape(std::string_view text, std::string_view shape);

// How many digits stand from `at` on.
size_t DigitsAt(std::string_view text, size_t at);

// The size of the date, the time, or both, with zone and fraction, with which `text` begins; or of
// seconds since the epoch or since some start ("12.345678"). 0 when it begins with none.
size_t StampSize(std::string_view text);

// `text` up to the next "[date and time]", where it begins with one of that size: a line that the
// program did not end is followed by the next one (SPDK's `SPDK_ERRLOG` adds no end of line).
std::string_view UpToNextStamp(std::string_view text);

}  // namespace faultline
