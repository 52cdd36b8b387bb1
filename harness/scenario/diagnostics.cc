#include "harness/scenario/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/failure.h"

namespace faultline {

std::string Diagnostic::ToString() const {
  const std::string where = position.ToString();
  return where.empty() ? message : fmt::format("{}: {}", where, message);
}

void Diagnostics::Add(SourcePosition position, std::string message) {
  Diagnostic diagnostic{std::move(position), std::move(message)};
  // A file that is included twice is read twice; its mistakes are told once.
  const std::string text = diagnostic.ToString();
  if (std::any_of(kept_.begin(), kept_.end(),
                  [&](const Diagnostic& known) { return known.ToString() == text; })) {
    return;
  }
  ++count_;
  if (kept_.size() < kMaxKept) {
    kept_.push_back(std::move(diagnostic));
  }
}

std::string Diagnostics::ToString() const {
  std::string text;
  for (const Diagnostic& diagnostic : kept_) {
    text += text.empty() ? "" : "\n";
    text += diagnostic.ToString();
  }
  if (count_ > kept_.size()) {
    text += fmt::format("\nand {} more", count_ - kept_.size());
  }
  return text;
}

void Diagnostics::ThrowIfAny() const {
  if (!empty()) {
    throw Failure::BadInput(ToString());
  }
}

}  // namespace faultline
