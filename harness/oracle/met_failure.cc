#include "harness/oracle/met_failure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "harness/oracle/blame.h"
#include "harness/oracle/failed_call.h"
#include "harness/protocol/return_trace.h"
#include "harness/symbols/symbolizer.h"

namespace faultline {
namespace {

using protocol::JournalRecord;

constexpr int64_t kLastError = 4095;  // the kernel's largest errno (MAX_ERRNO)

bool IsErrorNumber(int64_t number) { return number < 0 && number >= -kLastError; }

// `value` as a signed number of `bytes`.
int64_t SignedOf(uint64_t value, int bytes) {
  switch (bytes) {
    case 1:
      return static_cast<int8_t>(value);
    case 2:
      return static_cast<int16_t>(value);
    case 4:
      return static_cast<int32_t>(value);
    default:
      return static_cast<int64_t>(value);
  }
}

const FaultPoint* PointOf(const std::string& function, const Catalogue& catalogue) {
  const auto found =
      std::find_if(catalogue.points.begin(), catalogue.points.end(), [&](const FaultPoint& point) {
        return std::find(point.symbols.begin(), point.symbols.end(), function) !=
               point.symbols.end();
      });
  return found == catalogue.points.end() ? nullptr : &*found;
}

// Is a failure of the function a negative number, so that a positive one is a count?
bool NeverFailsPositive(const FaultPoint* point) {
  return point != nullptr && point->failure.shape == FailureValue::Shape::kNumber &&
         point->failure.result < 0;
}

// The frames of Injection::stack that have one return: a function with what was inlined there.
struct Activation {
  size_t begin = 0;
  size_t end = 0;
  Returned returned = Returned::kNotSeen;
  std::vector<ReturnType> types = {};  // of the frames; empty when not known
};

class Observation {
 public:
  Observation(const Evidence& evidence, const Catalogue& catalogue, const Injection& failure)
      : journal_(evidence.journal), catalogue_(catalogue), failure_(failure) {
    const FaultPoint* point = catalogue.FindPoint(failure.point);
    error_ = point == nullptr ? 0 : point->failure.errno_value;
  }

  // Of the whole stack; none when nothing was seen.
  std::vector<Activation> Read() {
    const JournalRecord* traced = Find();
    if (traced == nullptr || traced->stack >= journal_.stacks.size()) {
      return {};
    }
    const JournalStack& stack = journal_.stacks[traced->stack];
    std::vector<Activation> activations;
    for (const uint64_t frame : stack.frames) {
      const size_t begin = activations.empty() ? 0 : activations.back().end;
      activations.push_back(ActivationOf(frame, begin));
    }
    if (activations.empty() || activations.back().end != failure_.stack.size()) {
      return {};
    }
    const size_t count = std::min<size_t>(traced->key, activations.size());
    for (size_t i = 0; i < count; ++i) {
      activations[i].returned = Returned::kNotAtAll;
    }
    size_t last = 0;
    for (const JournalRecord& record : journal_.records) {
      if (record.kind == protocol::kCameBack && record.index < count) {
        Activation& activation = activations[record.index];
        const Frame& function = failure_.stack[activation.end - 1];
        activation.returned =
            ReadReturn(activation.types.empty() ? ReturnType() : activation.types.back(),
                       record.result, PointOf(function.function, catalogue_), error_);
        last = std::max<size_t>(last, record.index);
      }
    }
    // Who is gone although its caller has come back was not left by a return.
    for (size_t i = 0; i < last; ++i) {
      if (activations[i].returned == Returned::kNotAtAll) {
        activations[i].returned = Returned::kThrown;
      }
    }
    return activations;
  }

 private:
  const JournalRecord* Find() const {
    const auto found =
        std::find_if(journal_.records.begin(), journal_.records.end(),
                     [](const JournalRecord& one) { return one.kind == protocol::kTraced; });
    return found == journal_.records.end() ? nullptr : &*found;
  }

  Activation ActivationOf(uint64_t frame, size_t begin) {
    const uint32_t module = protocol::FrameModule(frame);
    const uint64_t offset = protocol::FrameOffset(frame);
    if (module >= journal_.modules.size()) {
      return {begin, begin + 1};
    }
    const std::string& path = journal_.modules[module].path;
    const size_t count = symbolizer_.Symbolize(path, offset, true).size();
    std::vector<ReturnType> types = symbolizer_.ReturnTypesOf(path, offset);
    if (types.size() != count) {
      types.clear();
    }
    return {begin, begin + count, Returned::kNotSeen, std::move(types)};
  }

  const JournalSnapshot& journal_;
  const Catalogue& catalogue_;
  const Injection& failure_;
  int error_ = 0;
  Symbolizer symbolizer_;
};

// By the names alone, of frames of whose return nothing was seen.
bool IsPassedOver(const Frame& frame, const Catalogue& catalogue) {
  return IsMachinery(frame) || PointOf(frame.function, catalogue) != nullptr;
}

// Does what was seen of the function say that the failure went on to its caller?
bool WentOn(Returned returned) {
  return returned == Returned::kFailure || returned == Returned::kThrown;
}

// Of what was inlined nobody sees what it returned. It is taken to hand failures on where it can,
// as most do; one that returns nothing cannot. So a failure is met by the same function, inlined or
// not.
size_t FindInside(const Stack& stack, const Activation& activation, const Catalogue& catalogue) {
  const size_t last = activation.end - 1;
  for (size_t i = activation.begin; i < last; ++i) {
    const bool returns_nothing =
        activation.types.empty() ||
        activation.types[i - activation.begin].kind == ReturnType::Kind::kNothing;
    if (returns_nothing && !IsPassedOver(stack[i], catalogue)) {
      return i;
    }
  }
  return last;
}

// Of stripped code at least whose it is.
std::string NameOf(const Frame& frame) {
  return frame.function.empty() ? "a function of " + frame.module : FoldTemplates(frame.function);
}

// Index of the frame of `stack` that met the failure; its size when there is none.
size_t FindFrame(const Stack& stack, const std::vector<Activation>& activations,
                 const Catalogue& catalogue, MetFailure& met) {
  for (const Activation& activation : activations) {
    const auto begin = stack.begin() + static_cast<std::ptrdiff_t>(activation.begin);
    const auto end = stack.begin() + static_cast<std::ptrdiff_t>(activation.end);
    if (WentOn(activation.returned)) {
      if (activation.returned == Returned::kFailure && !IsMachinery(*std::prev(end))) {
        met.handed_on_by.push_back(NameOf(*std::prev(end)));
      }
      continue;
    }
    const bool seen = activation.returned != Returned::kNotSeen && !IsMachinery(*std::prev(end));
    if (seen) {
      const size_t frame = FindInside(stack, activation, catalogue);
      // What came back was returned by the function that has the code, not by one inlined into it.
      met.returned = frame == activation.end - 1 ? activation.returned
                     : activation.types.empty()  ? Returned::kNotSeen
                                                 : Returned::kNothing;
      return frame;
    }
    const auto named = std::find_if_not(
        begin, end, [&](const Frame& frame) { return IsPassedOver(frame, catalogue); });
    if (named != end) {
      return static_cast<size_t>(named - stack.begin());
    }
  }
  return stack.size();
}

}  // namespace

Returned MetFailure::Of(size_t outwards) const {
  return outwards == 0 || outwards > of_frames.size() ? Returned::kNotSeen
                                                      : of_frames[of_frames.size() - outwards];
}

MetFailure FindWhoMet(const Evidence& evidence, const Catalogue& catalogue) {
  const Injection* failure = FirstFailure(evidence);
  return failure == nullptr ? MetFailure() : FindWhoMet(evidence, catalogue, *failure);
}

MetFailure FindWhoMet(const Evidence& evidence, const Catalogue& catalogue,
                      const Injection& failure) {
  MetFailure met;
  const std::vector<Activation> activations = &failure == FirstFailure(evidence)
                                                  ? Observation(evidence, catalogue, failure).Read()
                                                  : std::vector<Activation>();
  if (activations.empty()) {
    met.stack = StackThatMetFailure(failure.stack, catalogue);
    return met;
  }
  for (const Activation& activation : activations) {
    met.of_frames.resize(activation.end, activation.returned);
  }
  const size_t frame = FindFrame(failure.stack, activations, catalogue, met);
  met.stack =
      frame == failure.stack.size()
          ? BlamedStack(failure.stack)
          : Stack(failure.stack.begin() + static_cast<std::ptrdiff_t>(frame), failure.stack.end());
  return met;
}

Returned ReadReturn(ReturnType type, uint64_t value, const FaultPoint* point, int error) {
  const int64_t number = SignedOf(value, type.bytes);
  switch (type.kind) {
    case ReturnType::Kind::kNothing:
      return Returned::kNothing;
    case ReturnType::Kind::kBool:
      return static_cast<uint8_t>(value) == 0 ? Returned::kFailure : Returned::kSuccess;
    case ReturnType::Kind::kPointer:
      return number == 0 || IsErrorNumber(number) ? Returned::kFailure : Returned::kSuccess;
    case ReturnType::Kind::kSigned:
      return number < 0 || (error != 0 && number == error) ? Returned::kFailure
             : number == 0 || NeverFailsPositive(point)    ? Returned::kSuccess
                                                           : Returned::kNotSeen;
    case ReturnType::Kind::kUnsigned:
      return IsErrorNumber(number) && type.bytes >= 4 ? Returned::kFailure : Returned::kNotSeen;
    case ReturnType::Kind::kUnknown:
      break;
  }
  if (point != nullptr && point->failure.shape != FailureValue::Shape::kVoid) {
    return IsFailure(point->failure, value, false) ? Returned::kFailure : Returned::kSuccess;
  }
  return IsErrorNumber(static_cast<int32_t>(value)) ? Returned::kFailure : Returned::kNotSeen;
}

std::string HowItWentUp(const MetFailure& met) {
  constexpr size_t kMostNames = 6;
  const std::vector<std::string> functions = NamedCallers(met.stack);
  if (met.of_frames.empty() || functions.empty()) {
    return "";
  }
  std::string_view end;
  switch (met.returned) {
    case Returned::kSuccess:
      end = "returned success";
      break;
    case Returned::kNothing:
      end = "returns nothing: whom it told by a callback or a message is not seen";
      break;
    case Returned::kNotAtAll:
      end = "did not return";
      break;
    default:
      break;
  }
  if (met.handed_on_by.empty()) {
    return end.empty() ? "" : fmt::format("{} {}", functions.front(), end);
  }
  const size_t told = std::min(met.handed_on_by.size(), kMostNames);
  const auto begin = met.handed_on_by.begin();
  const std::string others =
      fmt::format("{}", fmt::join(begin, begin + static_cast<std::ptrdiff_t>(told - 1), ", "));
  return fmt::format("{}{}{} returned a failure to {}{}{}", others, told > 1 ? " and " : "",
                     met.handed_on_by[told - 1], functions.front(), end.empty() ? "" : ", which ",
                     end);
}

}  // namespace faultline
