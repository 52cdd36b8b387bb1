#include "harness/store/store.h"

// What the store tells about the last sweep into it.
namespace faultline {

// A table of its own and not of the schema: older programs read the store as before, and an older
// store is none the worse.
void Store::SetLastSweep(const SweepState& state) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  database_.Execute(
      "CREATE TABLE IF NOT EXISTS last_sweep (id INTEGER PRIMARY KEY CHECK (id = 1), ended "
      "INTEGER, plans INTEGER, remaining INTEGER)");
  Statement(database_, "INSERT OR REPLACE INTO last_sweep VALUES (1, ?, ?, ?)")
      .BindAll(state.ended, state.plans, state.remaining)
      .Run();
  Commit(transaction);
}

std::optional<SweepState> Store::LastSweep() {
  const std::lock_guard lock(mutex_);
  if (database_.IntegerOf("SELECT count(*) FROM sqlite_master WHERE name = 'last_sweep'") == 0) {
    return std::nullopt;
  }
  Statement row(database_, "SELECT ended, plans, remaining FROM last_sweep");
  if (!row.Next()) {
    return std::nullopt;
  }
  return SweepState{row.Integer(0) != 0, row.Integer(1), row.Integer(2)};
}

}  // namespace faultline
