#include "harness/store/sweep_state.h"

#include <unistd.h>

#include "harness/store/sqlite.h"

namespace faultline {

// A table of its own and not of the schema: older programs read the store as before, and an older
// store is none the worse.
void WriteSweepState(const std::filesystem::path& store, const SweepState& state) {
  Database database(store, Database::Mode::kReadWrite);
  Transaction transaction(database);
  database.Execute(
      "CREATE TABLE IF NOT EXISTS last_sweep (id INTEGER PRIMARY KEY CHECK (id = 1), ended "
      "INTEGER, "
      "plans INTEGER, remaining INTEGER)");
  Statement(database, "INSERT OR REPLACE INTO last_sweep VALUES (1, ?, ?, ?)")
      .BindAll(state.ended, state.plans, state.remaining)
      .Run();
  transaction.Commit();
}

std::optional<SweepState> ReadSweepState(const std::filesystem::path& store) {
  const std::filesystem::path directory = std::filesystem::absolute(store).parent_path();
  const bool is_writable =
      ::access(store.c_str(), W_OK) == 0 && ::access(directory.c_str(), W_OK) == 0;
  Database database(store, is_writable ? Database::Mode::kReadWrite : Database::Mode::kImmutable);
  if (database.IntegerOf("SELECT count(*) FROM sqlite_master WHERE name = 'last_sweep'") == 0) {
    return std::nullopt;
  }
  Statement row(database, "SELECT ended, plans, remaining FROM last_sweep");
  if (!row.Next()) {
    return std::nullopt;
  }
  return SweepState{row.Integer(0) != 0, row.Integer(1), row.Integer(2)};
}

}  // namespace faultline
