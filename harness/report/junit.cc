#include "harness/report/junit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "harness/report/text.h"

namespace faultline {
namespace {

// U+FFFE and U+FFFF in UTF-8: no characters of XML, but of UTF-8.
std::string WithoutNonCharacters(std::string text) {
  for (const std::string_view bytes : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (size_t at = text.find(bytes); at != std::string::npos; at = text.find(bytes, at)) {
      text.replace(at, bytes.size(), "?");
    }
  }
  return text;
}

// As the content of an element or the value of an attribute; lines are kept.
std::string Xml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    for (const char c : WithoutNonCharacters(EscapeControls(text.substr(0, end)))) {
      switch (c) {
        case '&':
          out += "&amp;";
          break;
        case '<':
          out += "&lt;";
          break;
        case '>':
          out += "&gt;";
          break;
        case '"':
          out += "&quot;";
          break;
        default:
          out += c;
      }
    }
    text.remove_prefix(end);
    if (!text.empty()) {
      out += '\n';
      text.remove_prefix(1);
    }
  }
  return out;
}

// Of an attribute: on one line, without blanks at its ends or several in a row (xs:token).
std::string Token(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return Xml(out);
}

std::string Seconds(int64_t ms) {
  return fmt::format("{}.{:03}", std::max<int64_t>(ms, 0) / 1000, std::max<int64_t>(ms, 0) % 1000);
}

const char* Element(CiCase::Result result) {
  switch (result) {
    case CiCase::Result::kFailed:
      return "failure";
    case CiCase::Result::kError:
      return "error";
    case CiCase::Result::kSkipped:
      return "skipped";
    case CiCase::Result::kPassed:
      break;
  }
  return "";
}

std::string CaseXml(const CiCase& one) {
  std::string xml = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                                Token(one.group), Token(one.name), Seconds(one.duration_ms));
  if (one.result == CiCase::Result::kPassed) {
    return xml + "/>\n";
  }
  const char* element = Element(one.result);
  // The schema of Ant knows no type of what is skipped.
  const std::string type =
      one.result == CiCase::Result::kSkipped ? "" : fmt::format(" type=\"{}\"", Token(one.type));
  return xml + fmt::format(">\n      <{}{} message=\"{}\">{}</{}>\n    </testcase>\n", element,
                           type, Token(one.message), Xml(one.body), element);
}

std::string SuiteXml(const CiSuite& suite, size_t id, const CiReport& report,
                     const std::string& host) {
  const auto count = [&](CiCase::Result result) {
    return std::count_if(suite.cases.begin(), suite.cases.end(),
                         [&](const CiCase& one) { return one.result == result; });
  };
  int64_t duration_ms = 0;
  for (const CiCase& one : suite.cases) {
    duration_ms += one.duration_ms;
  }
  std::string xml = fmt::format(
      "  <testsuite id=\"{}\" name=\"{}\" package=\"faultline\" timestamp=\"{}\" hostname=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">\n    <properties>\n",
      id, Token(suite.name), report.time.empty() ? "1970-01-01T00:00:00" : report.time, Token(host),
      suite.cases.size(), count(CiCase::Result::kFailed), count(CiCase::Result::kError),
      count(CiCase::Result::kSkipped), Seconds(duration_ms));
  for (const auto& [name, value] : suite.properties) {
    xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", Token(name), Token(value));
  }
  xml += "    </properties>\n";
  for (const CiCase& one : suite.cases) {
    xml += CaseXml(one);
  }
  std::string notes;
  for (const std::string& note : report.notes) {
    notes += note + "\n";
  }
  return xml + fmt::format(
                   "    <system-out>{}</system-out>\n    <system-err></system-err>\n"
                   "  </testsuite>\n",
                   id == 0 ? Xml(notes) : "");
}

std::string HostName() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return *name == '\0' ? "localhost" : name;
}

}  // namespace

std::string JunitXml(const CiReport& report) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  const std::string host = HostName();
  for (size_t i = 0; i < report.suites.size(); ++i) {
    xml += SuiteXml(report.suites[i], i, report, host);
  }
  return xml + "</testsuites>\n";
}

}  // namespace faultline
