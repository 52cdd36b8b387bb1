#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "harness/base/failure.h"
#include "harness/store/status.h"
#include "harness/store/store.h"

// What the store tells about findings: all that have one signature are one group.
namespace faultline {
namespace {

constexpr size_t kMostIdsShown = 8;
constexpr char kConfirmationColumns[] =
    "signature, tries, confirmed, plan_key, scenario, control_tries, control, proof, proof_text, "
    "proof_site, places, unsignalled_tries, unsignalled";

// From kConfirmationColumns, the first of which is column `from`.
Confirmation ReadConfirmation(const Statement& row, int from) {
  Confirmation confirmation;
  confirmation.signature = row.Text(from);
  confirmation.tries = row.Integer(from + 1);
  confirmation.confirmed = row.Integer(from + 2);
  confirmation.plan_key = row.Text(from + 3);
  confirmation.scenario = row.Text(from + 4);
  confirmation.control_tries = row.Integer(from + 5);
  confirmation.control = row.Integer(from + 6);
  confirmation.proof.state = static_cast<StoredProof::State>(row.Integer(from + 7));
  confirmation.proof.text = row.Text(from + 8);
  confirmation.proof.site = row.Text(from + 9);
  confirmation.places = row.Text(from + 10);
  confirmation.unsignalled_tries = row.Integer(from + 11);
  confirmation.unsignalled = row.Integer(from + 12);
  return confirmation;
}

// What is told beside the title is told of that run too.
void TakeTitle(Database& database, const std::string& plan_key, FindingGroup& group) {
  Statement row(database, "SELECT title FROM findings WHERE run = ? AND signature = ?");
  row.BindAll(plan_key, group.signature);
  if (row.Next()) {
    group.title = row.Text(0);
  }
}

// Of a frame's module.
bool IsLibrary(const std::string& module) { return module.find(".so") != std::string::npos; }

// Code that only does what it is told: what is wrong lies with its caller.
bool IsRuntime(const std::string& module) {
  static constexpr const char* kNames[] = {"libc.so",      "libm.so",   "libpthread.so",
                                           "ld-linux",     "libgcc_s.", "libstdc++.so",
                                           "libfaultline", "libasan.",  "libubsan."};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* name) { return module.starts_with(name); });
}

// The module of the first frame that a row of `frames` tells.
std::string FirstModule(Statement& frames) {
  while (frames.Next()) {
    if (const std::string module = frames.Text(0); !module.empty() && !IsRuntime(module)) {
      return module;
    }
  }
  return "";
}

// Where the finding is in run `key`: by its own stack, or else by that of the failed call.
bool IsInOwnCode(Database& database, const std::string& key, const std::string& signature) {
  // Of stacks as stack_json.h writes them: [[FUNCTION, FILE, LINE, MODULE], ...].
  static constexpr char kModules[] =
      "SELECT coalesce(json_extract(frame.value, '$[3]'), json_extract(frame.value, '$.module')) "
      "FROM {}, json_each(iif(json_valid({}), {}, '[]')) AS frame "
      "WHERE {} AND frame.type IN ('array', 'object') ORDER BY frame.key";
  Statement own(database, fmt::format(kModules, "findings", "stack", "stack",
                                      "findings.run = ? AND findings.signature = ?"));
  own.BindAll(key, signature);
  std::string module = FirstModule(own);
  if (module.empty()) {
    Statement failed(database, fmt::format(kModules, "runs JOIN sites ON sites.hash = runs.site",
                                           "sites.stack", "sites.stack", "runs.key = ?"));
    failed.BindAll(key);
    module = FirstModule(failed);
  }
  return !module.empty() && !IsLibrary(module);
}

}  // namespace

void Store::CountSitesOf(FindingGroup& group) {
  Statement row(database_,
                "SELECT run FROM findings WHERE signature = ? UNION SELECT runs.key FROM runs JOIN "
                "findings ON findings.run = runs.alike WHERE findings.signature = ? ORDER BY 1");
  row.BindAll(group.signature, group.signature);
  while (row.Next()) {
    group.run_keys.push_back(row.Text(0));
  }
  group.runs = static_cast<int64_t>(group.run_keys.size());
  Statement sites(database_,
                  "SELECT count(DISTINCT site) FROM runs LEFT JOIN findings ON findings.run = "
                  "iif(alike = '', key, alike) WHERE signature = ?");
  sites.BindAll(group.signature);
  group.sites = sites.Next() ? sites.Integer(0) : 0;
  Statement seen(database_, "SELECT count(*) FROM findings WHERE signature = ?");
  seen.BindAll(group.signature);
  group.seen = seen.Next() ? seen.Integer(0) : 0;
}

std::vector<FindingGroup> Store::Findings() {
  const std::lock_guard lock(mutex_);
  std::vector<FindingGroup> groups;
  // The title of the run that confirms it is shown in, else of that with the least key stands for
  // all: the choice must not depend on the order in which the runs ended.
  Statement row(database_,
                fmt::format("SELECT kind, title, min(run), cause, {} FROM findings LEFT JOIN "
                            "confirmations USING (signature) GROUP BY signature",
                            kConfirmationColumns));
  while (row.Next()) {
    FindingGroup group;
    group.kind = row.Text(0);
    group.title = row.Text(1);
    const std::string run = row.Text(2);
    group.cause = row.Text(3);
    const Confirmation confirmation = ReadConfirmation(row, 4);
    group.signature = confirmation.signature;
    group.id = FindingId(group.signature);
    TakeTitle(database_, confirmation.plan_key, group);
    Apply(confirmation, group);
    CountSitesOf(group);
    group.in_own_code = IsInOwnCode(database_, run, group.signature);
    groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(), [](const FindingGroup& a, const FindingGroup& b) {
    return a.runs != b.runs ? a.runs > b.runs : a.signature < b.signature;
  });
  return groups;
}

void Store::SetConfirmation(const Confirmation& confirmation) {
  const std::lock_guard lock(mutex_);
  Statement(database_,
            "INSERT OR REPLACE INTO confirmations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .BindAll(confirmation.signature, confirmation.tries, confirmation.confirmed,
               confirmation.plan_key, confirmation.scenario, confirmation.control_tries,
               confirmation.control, static_cast<int64_t>(confirmation.proof.state),
               confirmation.proof.text, confirmation.proof.site, confirmation.places,
               confirmation.unsignalled_tries, confirmation.unsignalled)
      .Run();
  lock_->RequireInPlace(file());
}

std::vector<Confirmation> Store::Confirmations() {
  const std::lock_guard lock(mutex_);
  std::vector<Confirmation> confirmations;
  Statement row(database_, fmt::format("SELECT {} FROM confirmations ORDER BY signature",
                                       kConfirmationColumns));
  while (row.Next()) {
    confirmations.push_back(ReadConfirmation(row, 0));
  }
  return confirmations;
}

FindingGroup Store::FindFinding(const std::string& id_or_signature) {
  std::vector<FindingGroup> found;
  std::vector<std::string> ids;
  for (FindingGroup& group : Findings()) {
    ids.push_back(group.id);
    if (group.signature == id_or_signature || group.id.starts_with(id_or_signature)) {
      found.push_back(std::move(group));
    }
  }
  if (found.size() == 1) {
    return std::move(found.front());
  }
  if (ids.empty()) {
    throw Failure::BadInput("the store " + file().string() + " holds no findings");
  }
  const size_t shown = std::min(ids.size(), kMostIdsShown);
  const std::string more =
      shown == ids.size() ? "" : fmt::format(" and {} more", ids.size() - shown);
  throw Failure::BadInput(
      fmt::format("the store {} has {} `{}`; its findings are {}{}", file().string(),
                  found.empty() ? "no finding" : "more than one finding", id_or_signature,
                  fmt::join(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(shown), ", "), more));
}

}  // namespace faultline
