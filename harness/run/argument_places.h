#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace faultline {

// A place of the machine's that an argument of a program names, and that the program fills.
struct ArgumentPlace {
  enum class Kind {
    kMade,            // there was nothing at `path` before its start
    kEmptyDirectory,  // given to it to be filled
    kDirectory,       // that had something in it, beside which it has made `made`
  };
  std::string path;  // absolute
  Kind kind = Kind::kMade;
  std::set<std::string> made = {};  // of kDirectory: paths, at most a few
};

// What the program makes where its arguments lead: outside its run directory nothing else is looked
// at. One thread.
class ArgumentPlaces {
 public:
  // To be made before the start. `args`: PATH and --option=PATH with an absolute path are looked
  // at, but for /dev, /proc and /sys.
  explicit ArgumentPlaces(const std::vector<std::string>& args);

  // Takes note of what is there now and was not; of a file that is gone later too.
  void Look();
  // Sorted by path: a directory before what is in it.
  std::vector<ArgumentPlace> Filled() const;

 private:
  struct Known {
    ArgumentPlace place;
    std::set<std::string> before = {};  // what a directory had in it
    bool filled = false;
  };
  std::vector<Known> known_;
};

// Where in `argument` the path begins that it names; npos: it names none. See ArgumentPlaces.
size_t PathInArgument(const std::string& argument);

}  // namespace faultline
