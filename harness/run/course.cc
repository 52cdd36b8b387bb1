#include "harness/run/course.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "harness/run/preparations.h"
#include "harness/run/remote_control.h"
#include "harness/run/steps.h"
#include "harness/run/targets.h"

namespace faultline {
Course::Course(const RunRequest& request, Interruption* interruption)
    : request_(request),
      // Ctrl-C belongs to gdb while it has the terminal.
      interruption_(request.in_debugger ? nullptr : interruption),
      beside_debugger_(request.in_debugger ? interruption : nullptr) {
  MakeSeats();
  companions_ = std::make_unique<Companions>(request_, seats_.front().sandbox());
  {
    EventLoop loop;  // no debugger has the terminal yet
    if (interruption != nullptr) {
      loop.Add(interruption->fd(), [interruption] { interruption->ThrowIfRaised(); });
    }
    Prepare(seats_.front().request(), seats_.front().sandbox(), loop);
    companions_->StartAll(loop);
    companions_->Detach(loop);
  }
  companions_->Attach(loop_);
  if (interruption_ != nullptr) {
    loop_.Add(interruption_->fd(), [this] { interruption_->ThrowIfRaised(); });
  }
  for (Seat& seat : seats_) {
    seat.sandbox().MarkBefore();
  }
}

Course::~Course() { companions_->Detach(loop_); }

void Course::MakeSeats() {
  if (request_.scenario.targets.empty()) {
    seats_.emplace_back(request_);
    return;
  }
  place_ = std::make_unique<RunPlace>(request_);
  for (const std::shared_ptr<const Target>& target : request_.scenario.targets) {
    seats_.emplace_back(request_, *place_, *target);
  }
}

Seat& Course::SeatOf(const Step& step) {
  const auto found = std::find_if(seats_.begin(), seats_.end(),
                                  [&](const Seat& seat) { return seat.name() == step.target; });
  return found == seats_.end() ? seats_.front() : *found;
}

Attempt Course::Run() {
  const std::vector<Step>& steps = request_.scenario.steps;
  for (Seat& seat : seats_) {
    const Target* target = request_.scenario.FindTarget(seat.name());
    if (target == nullptr || !target->starts_later) {
      Start(seat, std::nullopt);
    }
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    if (Abandon()) {
      break;
    }
    if (!std::holds_alternative<RestartStep>(steps[i].action)) {
      DoStep(SeatOf(steps[i]), i);
    } else if (!StartAgain(i)) {
      return std::move(attempt_);
    }
  }
  if (request_.remote_control) {
    std::vector<LiveRun*> live;
    for (Seat* seat : started_) {
      live.push_back(&seat->run());
    }
    AwaitSwitches(live, loop_);
  }
  return EndAll() ? Conclude() : std::move(attempt_);
}

// The run is to be made again anyway, with other hooks: what else it would show is of no use.
bool Course::Abandon() {
  for (Seat* seat : started_) {
    if (seat->HasOther()) {
      seat->run().process().Kill();
      std::erase(started_, seat);
      started_.push_back(seat);  // the first to end
      return true;
    }
  }
  return false;
}

bool Course::Start(Seat& seat, std::optional<size_t> step) {
  LookAtShared();
  for (auto& [owner, files] : shared_) {
    files.Begin(seat.name());
  }
  seat.Start(*companions_, loop_, step, beside_debugger_);
  seat.run().SetOthers([this](const std::string& name) -> LiveRun* {
    for (Seat& other : seats_) {
      if (other.name() == name && other.is_live()) {
        return &other.run();
      }
    }
    return nullptr;
  });
  started_.push_back(&seat);
  failed_ = false;
  failed_at_.erase(&seat);
  return true;
}

// It is done although an earlier step failed.
bool Course::StartAgain(size_t index) {
  const Step& step = request_.scenario.steps[index];
  Seat& seat = SeatOf(step);
  if (seat.is_live()) {
    seat.steps().AwaitStart();
  }
  if (seat.is_live() && !EndSeat(seat, std::get<RestartStep>(step.action).signal)) {
    return false;
  }
  Start(seat, index);
  BeginStep(static_cast<int>(index) + 1, step.name);
  StepResult result;
  result.index = static_cast<int>(index) + 1;
  result.title = step.Title();
  seat.run().evidence().steps.push_back(std::move(result));
  return true;
}

void Course::BeginStep(int index, const std::string& name) {
  for (Seat* seat : started_) {
    seat->run().BeginStep(index, name);
  }
}

void Course::DoStep(Seat& seat, size_t index) {
  const Step& step = request_.scenario.steps[index];
  if (!seat.is_live()) {
    return;  // the step that starts it has been left out (a minimised scenario)
  }
  LiveRun& run = seat.run();
  const int number = static_cast<int>(index) + 1;
  DoneStep done;
  if ((failed_ || failed_at_.contains(&seat)) && !step.even_if_gone) {
    done.result = SkippedStep(run, step, number);
  } else {
    BeginStep(number, step.name);
    if (!std::holds_alternative<WaitReadyStep>(step.action)) {
      seat.steps().AwaitStart();
    }
    done = ::faultline::DoStep(run, seat.steps(), seat.rolled_back(), step, number,
                               /*goes_on=*/false, [&] {
                                 for (Seat* other : started_) {
                                   ArmFrom(other->run(), step);
                                 }
                               });
    if (done.stops_the_rest) {
      failed_ = true;
      failed_at_.insert(&seat);
    }
  }
  std::vector<LostCompanion> lost = companions_->TakeLost(number);
  std::move(lost.begin(), lost.end(), std::back_inserter(run.evidence().lost_companions));
  run.evidence().steps.push_back(std::move(done.result));
  seat.NoteFiles();
}

bool Course::EndSeat(Seat& seat, std::optional<int> signal) {
  seat.run().AwaitFaultRpcs();
  const bool is_it = seat.End(signal);
  std::erase(started_, &seat);
  LookAtShared();
  if (!is_it) {
    attempt_.executed[seat.name()] = seat.executed();
  }
  return is_it;
}

// The last started first: it is the one that may need the others.
bool Course::EndAll() {
  for (Seat* seat : started_) {
    seat->steps().AwaitStart();
    seat->run().AwaitFaultRpcs();
  }
  while (!started_.empty()) {
    if (!EndSeat(*started_.back(), std::nullopt)) {
      return false;
    }
  }
  return true;
}

void Course::LookAtShared() {
  std::set<std::string> running;
  for (Seat* seat : started_) {
    if (!seat->run().exited()) {
      running.insert(seat->name());
    }
  }
  for (Seat& seat : seats_) {
    if (seat.sandbox().others_share_directory()) {
      shared_[&seat].Look(seat.FilesInSharedDirectory(), running);
    }
  }
}

// Who opened first what is there made it; nullptr where nobody was seen to open it.
Seat* Course::FirstOpener(const std::string& left, const Seat& owner) {
  Seat* opener = nullptr;
  std::optional<uint64_t> first;
  for (Seat& seat : seats_) {
    const std::optional<uint64_t> at = seat.FirstOpened(left, owner);
    if (at && (!first || *at < *first)) {
      opener = &seat;
      first = at;
    }
  }
  return opener;
}

void Course::TellLeft(Seat& owner) {
  for (const std::string& left : owner.LeftInSharedDirectory()) {
    if (Seat* opener = FirstOpener(left, owner); opener != nullptr) {
      if (opener == &owner) {
        owner.AddLeft(left);
      } else {
        opener->TakeLeft(left, owner, /*made_it=*/true);
      }
      continue;
    }
    const std::string maker = shared_[&owner].MakerOf(left);
    const bool is_anothers =
        maker != owner.name() && std::any_of(seats_.begin(), seats_.end(), [&](Seat& seat) {
          return &seat != &owner && (maker.empty() || maker == seat.name()) &&
                 seat.TakeLeft(left, owner, maker == seat.name());
        });
    if (!is_anothers) {
      owner.AddLeft(left);
    }
  }
}

Attempt Course::Conclude() {
  if (request_.keep_run_dir) {
    seats_.front().sandbox().Keep();
  }
  std::vector<EvidenceOfTarget> targets;
  for (Seat& seat : seats_) {
    attempt_.missed_hooks |= seat.missed_hooks();
    TellLeft(seat);
  }
  for (Seat& seat : seats_) {
    if (seat.was_started()) {
      targets.push_back({seat.TakeEvidence(), seat.first_start()});
    }
  }
  attempt_.evidence = request_.scenario.targets.empty()
                          ? std::move(targets.front().evidence)
                          : MergeTargets(std::move(targets), request_.scenario.subject);
  return std::move(attempt_);
}

}  // namespace faultline
