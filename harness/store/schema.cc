#include "harness/store/schema.h"

#include <fmt/format.h>

#include "harness/base/failure.h"

namespace faultline {
namespace {

// "FLTL"; tells a Faultline store from other databases (SQLite's application_id).
constexpr int64_t kApplicationId = 0x464c544c;

constexpr char kTables[] = R"sql(
CREATE TABLE environment (
  id INTEGER PRIMARY KEY, scenario TEXT, scenario_file TEXT, scenario_key TEXT, profile TEXT,
  program TEXT, program_key TEXT, machine TEXT, version TEXT, rules_key TEXT,
  UNIQUE (scenario_key, program_key, machine, version, rules_key));
-- What a census was asked for, so that the same need not be asked again.
CREATE TABLE censuses (selection TEXT PRIMARY KEY, runs INTEGER, elapsed_ms INTEGER,
  run_ms INTEGER, calibration TEXT);
CREATE TABLE sites (
  hash TEXT PRIMARY KEY, point TEXT, place TEXT, stack TEXT, calls INTEGER, step INTEGER,
  position INTEGER, thread TEXT, before_main INTEGER, nested_in TEXT, seen_after TEXT)
  WITHOUT ROWID;
CREATE TABLE nondeterministic (hash TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
CREATE TABLE points (name TEXT PRIMARY KEY, status TEXT, calls INTEGER) WITHOUT ROWID;
CREATE TABLE runs (
  key TEXT PRIMARY KEY, mode TEXT, site TEXT, first_site TEXT, outcome TEXT, exit TEXT,
  alike TEXT, note TEXT, duration_ms INTEGER, harness_cpu_us INTEGER, shard TEXT, evidence TEXT)
  WITHOUT ROWID;
CREATE TABLE findings (
  run TEXT, signature TEXT, kind TEXT, title TEXT, object TEXT, step INTEGER, details TEXT,
  stack TEXT, cause TEXT, PRIMARY KEY (run, signature)) WITHOUT ROWID;
CREATE INDEX findings_by_signature ON findings (signature);
CREATE TABLE confirmations (
  signature TEXT PRIMARY KEY, tries INTEGER, confirmed INTEGER, plan_key TEXT, scenario TEXT,
  control_tries INTEGER, control INTEGER, proof INTEGER, proof_text TEXT, proof_site TEXT,
  places TEXT, unsignalled_tries INTEGER, unsignalled INTEGER)
  WITHOUT ROWID;
-- With a coverage build of the target. `reached` as StoredLine::Reached.
CREATE TABLE lines (file TEXT, line INTEGER, function TEXT, reached INTEGER,
  PRIMARY KEY (file, line)) WITHOUT ROWID;
)sql";

bool IsEmpty(Database& database) {
  return database.IntegerOf("SELECT count(*) FROM sqlite_master") == 0;
}

}  // namespace

void PrepareSchema(Database& database, bool may_create) {
  const std::string name = "the store " + database.file().string();
  if (IsEmpty(database)) {
    if (!may_create) {
      throw Failure::BadInput(name +
                              " is empty: a sweep that has only begun has written nothing yet");
    }
    Transaction transaction(database);
    database.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
    database.Execute(fmt::format("PRAGMA user_version = {}", kStoreVersion));
    database.Execute(kTables);
    transaction.Commit();
    return;
  }
  if (database.IntegerOf("PRAGMA application_id") != kApplicationId) {
    throw Failure::BadInput(name + " is a database, but not one of Faultline's");
  }
  const int64_t version = database.IntegerOf("PRAGMA user_version");
  if (version != kStoreVersion) {
    throw Failure::BadInput(fmt::format(
        "{} has version {}, this program knows version {}: {}", name, version, kStoreVersion,
        version > kStoreVersion ? "use the newer Faultline that wrote it"
                                : "sweep anew into another file"));
  }
}

}  // namespace faultline
