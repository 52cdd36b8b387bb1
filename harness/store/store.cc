#include "harness/store/store.h"

#include <unistd.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/store/schema.h"

namespace faultline {
namespace {

void RequireFile(const std::filesystem::path& file, Store::Mode mode) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (mode != Store::Mode::kCreate && !std::filesystem::exists(status)) {
    throw status.type() == std::filesystem::file_type::none
        ? Failure::BadInput("cannot open the store " + file.string() + ": " + error.message())
        : Failure::BadInput("there is no store " + file.string());
  }
  // Opening a FIFO would wait for its writer, and what is written into a device is lost.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw Failure::BadInput(
        "the store " + file.string() + " is no regular file but " +
        (std::filesystem::is_directory(status) ? "a directory"
         : std::filesystem::is_fifo(status)    ? "a FIFO"
         : std::filesystem::is_socket(status)  ? "a socket"
         : std::filesystem::is_character_file(status) || std::filesystem::is_block_file(status)
             ? "a device"
             : "something else"));
  }
}

std::optional<StoreLock> LockToWrite(const std::filesystem::path& file, Store::Mode mode) {
  RequireFile(file, mode);
  return mode == Store::Mode::kRead ? std::nullopt : std::make_optional<StoreLock>(file);
}

// Reading needs write access as well when the last writer was killed: its log is taken in first.
Database::Mode DatabaseMode(const std::filesystem::path& file, Store::Mode mode) {
  if (mode == Store::Mode::kCreate) {
    return Database::Mode::kCreate;
  }
  const std::filesystem::path directory = std::filesystem::absolute(file).parent_path();
  const bool is_writable =
      ::access(file.c_str(), W_OK) == 0 && ::access(directory.c_str(), W_OK) == 0;
  if (mode != Store::Mode::kRead || is_writable) {
    return Database::Mode::kReadWrite;
  }
  std::error_code error;
  const std::filesystem::path log = file.string() + "-wal";
  if (std::filesystem::file_size(log, error) > 0 && !error) {
    throw Failure::BadInput("the store " + file.string() +
                            " is written to, or its last writer was killed, and it cannot be "
                            "written here: copy it and " +
                            log.filename().string() + " to where they can be");
  }
  return Database::Mode::kImmutable;
}

constexpr char kSiteColumns[] =
    "hash, point, place, stack, calls, step, position, thread, before_main, nested_in, seen_after";

StoredSite ReadSite(const Statement& row) {
  StoredSite site;
  site.hash = row.Text(0);
  site.point = row.Text(1);
  site.place = row.Text(2);
  site.stack = row.Text(3);
  site.calls = row.Integer(4);
  site.step = row.Integer(5);
  site.position = row.Integer(6);
  site.thread = row.Text(7);
  site.before_main = row.Integer(8) != 0;
  site.nested_in = row.Text(9);
  site.seen_after = row.Text(10);
  return site;
}

StoredRun ReadRun(const Statement& row) {
  StoredRun run;
  run.key = row.Text(0);
  run.mode = row.Text(1);
  run.site = row.Text(2);
  run.first_site = row.Text(3);
  run.outcome = row.Text(4);
  run.exit = row.Text(5);
  run.alike = row.Text(6);
  run.note = row.Text(7);
  run.duration_ms = row.Integer(8);
  run.harness_cpu_us = row.Integer(9);
  run.shard = row.Text(10);
  run.evidence = row.Text(11);
  return run;
}

}  // namespace

Store::Store(const std::filesystem::path& file, Mode mode)
    : lock_(LockToWrite(file, mode)), database_(file, DatabaseMode(file, mode)) {
  if (mode == Mode::kRead) {
    database_.Execute("BEGIN");  // one state for all that is read
  } else {
    database_.Execute("PRAGMA journal_mode = WAL");
    database_.Execute("PRAGMA synchronous = NORMAL");
  }
  PrepareSchema(database_, mode == Mode::kCreate);
}

void Store::CheckEnvironment(const StoredEnvironment& environment) {
  for (const StoredEnvironment& known : Environments()) {
    if (known.scenario_key != environment.scenario_key) {
      throw Failure::BadInput("the store " + file().string() + " holds a sweep of the scenario " +
                              known.scenario_file +
                              " as it was then (arguments, variables and steps count): use "
                              "another store for this one");
    }
    if (known.program_key != environment.program_key) {
      throw Failure::BadInput("the store " + file().string() + " holds a sweep of another build, " +
                              known.program + " (" + known.program_key +
                              "): use another store, then `faultline compare`");
    }
    if (known.rules_key != environment.rules_key) {
      throw Failure::BadInput(
          "the verdicts in the store " + file().string() +
          " were made by other rules (expectations, ready, stop, error lines, exit codes and time "
          "limits of scenario and profile, failures in the catalogue, or the oracles of another "
          "Faultline): use another store");
    }
  }
}

void Store::AddEnvironment(const StoredEnvironment& environment) {
  CheckEnvironment(environment);
  const std::lock_guard lock(mutex_);
  Statement(database_,
            "INSERT OR IGNORE INTO environment (scenario, scenario_file, scenario_key, profile, "
            "program, program_key, machine, version, rules_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .BindAll(environment.scenario, environment.scenario_file, environment.scenario_key,
               environment.profile, environment.program, environment.program_key,
               environment.machine, environment.version, environment.rules_key)
      .Run();
}

std::vector<StoredEnvironment> Store::Environments() {
  const std::lock_guard lock(mutex_);
  std::vector<StoredEnvironment> environments;
  Statement row(database_,
                "SELECT scenario, scenario_file, scenario_key, profile, program, program_key, "
                "machine, version, rules_key FROM environment ORDER BY id");
  while (row.Next()) {
    environments.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                            row.Text(5), row.Text(6), row.Text(7), row.Text(8)});
  }
  return environments;
}

std::optional<Store::Census> Store::FindCensus(const std::string& selection) {
  const std::lock_guard lock(mutex_);
  Statement row(database_,
                "SELECT runs, elapsed_ms, run_ms, calibration FROM censuses WHERE selection = ?");
  row.BindAll(selection);
  if (!row.Next()) {
    return std::nullopt;
  }
  Census census;
  census.selection = selection;
  census.runs = row.Integer(0);
  census.elapsed_ms = row.Integer(1);
  census.run_ms = row.Integer(2);
  census.calibration = row.Text(3);
  return census;
}

void Store::Commit(Transaction& transaction) {
  transaction.Commit();
  lock_->RequireInPlace(file());
}

void Store::InsertSite(Statement& statement, const StoredSite& site) {
  statement
      .BindAll(site.hash, site.point, site.place, site.stack, site.calls, site.step, site.position,
               site.thread, site.before_main, site.nested_in, site.seen_after)
      .Run();
}

void Store::AddCensus(const Census& census) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Statement(database_, "INSERT OR REPLACE INTO censuses VALUES (?, ?, ?, ?, ?)")
      .BindAll(census.selection, census.runs, census.elapsed_ms, census.run_ms, census.calibration)
      .Run();
  // What a site is a part of depends on the points that were asked for: the last census says.
  Statement site(database_, std::string("INSERT INTO sites (") + kSiteColumns +
                                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO "
                                "UPDATE SET nested_in = excluded.nested_in");
  for (const StoredSite& one : census.sites) {
    InsertSite(site, one);
  }
  Statement unstable(database_, "INSERT OR REPLACE INTO nondeterministic VALUES (?, ?)");
  for (const auto& [hash, text] : census.nondeterministic) {
    unstable.BindAll(hash, text).Run();
  }
  Statement point(database_, "INSERT OR REPLACE INTO points VALUES (?, ?, ?)");
  for (const Census::Point& one : census.points) {
    point.BindAll(one.name, one.status, one.calls).Run();
  }
  Commit(transaction);
}

std::vector<StoredSite> Store::Sites() {
  const std::lock_guard lock(mutex_);
  std::vector<StoredSite> sites;
  Statement row(database_, std::string("SELECT ") + kSiteColumns +
                               " FROM sites ORDER BY seen_after, position, hash");
  while (row.Next()) {
    sites.push_back(ReadSite(row));
  }
  return sites;
}

std::vector<Store::Census::Point> Store::Points() {
  const std::lock_guard lock(mutex_);
  std::vector<Census::Point> points;
  // What only an error path calls no census sees, but the runs that took it list its places.
  Statement row(database_,
                "SELECT name, CASE WHEN status = 'never called' AND EXISTS (SELECT 1 FROM sites "
                "WHERE sites.point = points.name) THEN 'called' ELSE status END, calls "
                "FROM points ORDER BY name");
  while (row.Next()) {
    points.push_back({row.Text(0), row.Text(1), row.Integer(2)});
  }
  return points;
}

std::vector<std::pair<std::string, std::string>> Store::Nondeterministic() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> unstable;
  Statement row(database_, "SELECT hash, text FROM nondeterministic ORDER BY hash");
  while (row.Next()) {
    unstable.emplace_back(row.Text(0), row.Text(1));
  }
  return unstable;
}

void Store::AddRun(const StoredRun& run, const std::vector<StoredSite>& new_sites) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  Statement known(database_, "SELECT 1 FROM runs WHERE key = ?");
  known.BindAll(run.key);
  if (known.Next()) {
    return;
  }
  Statement(database_, "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .BindAll(run.key, run.mode, run.site, run.first_site, run.outcome, run.exit, run.alike,
               run.note, run.duration_ms, run.harness_cpu_us, run.shard, run.evidence)
      .Run();
  Statement finding(database_, "INSERT OR IGNORE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const StoredFinding& one : run.findings) {
    finding
        .BindAll(run.key, one.signature, one.kind, one.title, one.object, one.step, one.details,
                 one.stack, one.cause)
        .Run();
  }
  // Which of several failures a site is first seen after must not depend on who came first.
  Statement site(database_, std::string("INSERT INTO sites (") + kSiteColumns +
                                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO "
                                "UPDATE SET seen_after = min(seen_after, excluded.seen_after)");
  for (const StoredSite& one : new_sites) {
    InsertSite(site, one);
  }
  Commit(transaction);
}

std::set<std::string> Store::RunKeys() {
  const std::lock_guard lock(mutex_);
  std::set<std::string> keys;
  Statement row(database_, "SELECT key FROM runs");
  while (row.Next()) {
    keys.insert(row.Text(0));
  }
  return keys;
}

std::vector<StoredRun> Store::Runs(bool with_evidence) {
  const std::lock_guard lock(mutex_);
  std::vector<StoredRun> runs;
  const std::string evidence = with_evidence ? "evidence" : "''";
  Statement row(database_,
                "SELECT key, mode, site, first_site, outcome, exit, alike, note, duration_ms, "
                "harness_cpu_us, shard, " +
                    evidence + " FROM runs ORDER BY key");
  while (row.Next()) {
    runs.push_back(ReadRun(row));
  }
  for (StoredRun& run : runs) {
    run.findings = FindingsOf(run.key);
  }
  return runs;
}

std::optional<StoredRun> Store::FindRun(const std::string& key) {
  const std::lock_guard lock(mutex_);
  Statement row(database_, "SELECT * FROM runs WHERE key = ?");
  row.BindAll(key);
  if (!row.Next()) {
    return std::nullopt;
  }
  StoredRun run = ReadRun(row);
  run.findings = FindingsOf(run.key);
  return run;
}

std::vector<StoredFinding> Store::FindingsOf(const std::string& run_key) {
  std::vector<StoredFinding> findings;
  Statement row(database_,
                "SELECT signature, kind, title, object, step, details, stack, cause FROM findings "
                "WHERE run = ? ORDER BY signature");
  row.BindAll(run_key);
  while (row.Next()) {
    findings.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Integer(4),
                        row.Text(5), row.Text(6), row.Text(7)});
  }
  return findings;
}

}  // namespace faultline
