#pragma once

#include <string>

#include "harness/report/ci_report.h"

namespace faultline {

// JUnit XML as Jenkins, GitLab and others read it: schema/junit.xsd, which is what the schemas of
// Ant and of Jenkins's xUnit plugin have in common. The bodies are texts for people; what XML
// cannot hold is escaped as on a terminal.
std::string JunitXml(const CiReport& report);

}  // namespace faultline
