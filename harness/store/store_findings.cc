#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/failure.h"
#include "harness/store/store.h"

// What the store tells about findings: all that have one signature are one group.
namespace faultline {

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
}

std::vector<FindingGroup> Store::Findings() {
  const std::lock_guard lock(mutex_);
  std::vector<FindingGroup> groups;
  // The title of the run with the least key stands for all: the choice must not depend on the order
  // in which the runs ended.
  Statement row(database_,
                "SELECT signature, kind, title, min(run), tries, confirmed, plan_key, scenario "
                "FROM findings LEFT JOIN confirmations USING (signature) GROUP BY signature");
  while (row.Next()) {
    FindingGroup group;
    group.signature = row.Text(0);
    group.id = FindingId(group.signature);
    group.kind = row.Text(1);
    group.title = row.Text(2);
    group.tries = row.Integer(4);
    group.confirmed = row.Integer(5);
    group.plan_key = row.Text(6);
    group.scenario = row.Text(7);
    CountSitesOf(group);
    groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(), [](const FindingGroup& a, const FindingGroup& b) {
    return a.runs != b.runs ? a.runs > b.runs : a.signature < b.signature;
  });
  return groups;
}

void Store::SetConfirmation(const Confirmation& confirmation) {
  const std::lock_guard lock(mutex_);
  Statement(database_, "INSERT OR REPLACE INTO confirmations VALUES (?, ?, ?, ?, ?)")
      .BindAll(confirmation.signature, confirmation.tries, confirmation.confirmed,
               confirmation.plan_key, confirmation.scenario)
      .Run();
}

std::vector<Confirmation> Store::Confirmations() {
  const std::lock_guard lock(mutex_);
  std::vector<Confirmation> confirmations;
  Statement row(database_,
                "SELECT signature, tries, confirmed, plan_key, scenario FROM confirmations ORDER "
                "BY signature");
  while (row.Next()) {
    confirmations.push_back(
        {row.Text(0), row.Integer(1), row.Integer(2), row.Text(3), row.Text(4)});
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
  throw Failure::BadInput(fmt::format("the store {} has {} `{}`; its findings are {}",
                                      file().string(),
                                      found.empty() ? "no finding" : "more than one finding",
                                      id_or_signature, fmt::join(ids, ", ")));
}

}  // namespace faultline
