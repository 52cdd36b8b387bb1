#pragma once

#include "harness/store/sqlite.h"

namespace faultline {

// The version of the tables; in the file it is SQLite's user_version.
inline constexpr int64_t kStoreVersion = 7;

// Makes the tables in an empty file if it may, and checks those of an old one: an empty file that
// is only read, a file of another program, or of a newer Faultline, is a Failure (kBadInput) that
// says so and leaves it as it is.
void PrepareSchema(Database& database, bool may_create);

}  // namespace faultline
