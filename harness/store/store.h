#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/store/records.h"
#include "harness/store/sqlite.h"
#include "harness/store/store_lock.h"

namespace faultline {

// The results of a sweep: one SQLite file. What a call of a writing function has returned from is
// there for good, even when the harness is killed right behind it (write-ahead log; a power cut may
// lose the last of it). One process writes at a time; others may read meanwhile. Thread-safe.
class Store {
 public:
  enum class Mode {
    kRead,    // it must exist; shows what was there when it was opened
    kWrite,   // it must exist
    kCreate,  // made when it does not exist
  };

  // Failure: kBadInput when the file is not a store or of a newer Faultline, kCannotWork when it is
  // to be written and another process writes to it, and later when it is removed or replaced
  // meanwhile. It can be read where nothing can be written, if its last writer was not killed.
  Store(const std::filesystem::path& file, Mode mode);

  const std::filesystem::path& file() const { return database_.file(); }

  // Remembers where runs were made. Failure (kBadInput) when the store holds runs of another
  // scenario or another program.
  void AddEnvironment(const StoredEnvironment& environment);
  // The check alone.
  void CheckEnvironment(const StoredEnvironment& environment);
  std::vector<StoredEnvironment> Environments();

  // ---- Census
  struct Census {
    std::string selection;  // what was asked for: points and how they were filtered
    int64_t runs = 0;
    int64_t elapsed_ms = 0;
    int64_t run_ms = 0;       // of one fault-free run
    std::string calibration;  // JSON
    std::vector<StoredSite> sites;
    std::vector<std::pair<std::string, std::string>> nondeterministic;  // site hash and text
    struct Point {
      std::string name;
      std::string status;  // as PointCoverage
      int64_t calls = 0;
    };
    std::vector<Point> points;
  };
  // The census for `selection` without its sites; nothing when it was not yet made.
  std::optional<Census> FindCensus(const std::string& selection);
  // All or nothing. Of a site that is there already only `nested_in` is taken.
  void AddCensus(const Census& census);
  std::vector<StoredSite> Sites();  // in order of position
  std::vector<Census::Point> Points();
  std::vector<std::pair<std::string, std::string>> Nondeterministic();

  // ---- Runs
  // One run with its findings, and the sites first seen in it. A run that is there already is left
  // as it is.
  void AddRun(const StoredRun& run, const std::vector<StoredSite>& new_sites = {});
  std::set<std::string> RunKeys();
  // Runs with their findings; the evidence only when asked for: it is most of the file.
  std::vector<StoredRun> Runs(bool with_evidence = false);
  std::optional<StoredRun> FindRun(const std::string& key);

  // ---- Findings
  // Grouped by signature, the most frequent first.
  std::vector<FindingGroup> Findings();
  void SetConfirmation(const Confirmation& confirmation);
  std::vector<Confirmation> Confirmations();
  // By id (or a part from its start that is unique) or signature. Failure (kBadInput) when there is
  // none or more than one.
  FindingGroup FindFinding(const std::string& id_or_signature);

  // ---- The last sweep
  void SetLastSweep(const SweepState& state);
  // nullopt: stores of before this was noted do not say; they do after their next sweep.
  std::optional<SweepState> LastSweep();

  // ---- Lines
  // Of a line that is there already the better reached one is kept.
  void AddLines(const std::vector<StoredLine>& lines);
  std::vector<StoredLine> Lines();  // in order of file and line

 private:
  std::vector<StoredFinding> FindingsOf(const std::string& run_key);
  void Commit(Transaction& transaction);
  void InsertSite(Statement& statement, const StoredSite& site);
  void CountSitesOf(FindingGroup& group);

  std::mutex mutex_;
  std::optional<StoreLock> lock_;  // to write; outlives the database
  Database database_;
};

}  // namespace faultline
