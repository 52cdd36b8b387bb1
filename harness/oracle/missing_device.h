#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/evidence/registry.h"
#include "harness/oracle/oracle.h"
#include "harness/symbols/symbolizer.h"

// The two witnesses of a missing io_device: what the target wrote, and the registry rebuilt from
// its calls. `io-device-missing` puts them together.
namespace faultline {

inline constexpr char kDeviceRegistry[] = "io_device";

// A log line that one of the profile's io-device-missing patterns matches.
struct MissingDeviceLine {
  size_t line = 0;              // index into Evidence::log
  std::optional<uint64_t> key;  // the pattern's group 1, when that is an address
  std::string name;             // the pattern's group 1, when it is not
};
std::vector<MissingDeviceLine> FindMissingDeviceLines(const Evidence& evidence,
                                                      const Profile& profile);

// The violations of the io_device registry, at most one for each device: what follows on one
// missing device is the same bug. Empty when the registry may not be judged.
std::vector<RegistryViolation> FindMissingDevices(const Evidence& evidence,
                                                  const Catalogue& catalogue);

// The variable that the device of a violation is: "g_iobuf (iobuf.c)", see Symbol. "" for a device
// on the heap and where the symbols are gone.
std::string DeviceVariable(const RegistryViolation& violation, const Evidence& evidence,
                           Symbolizer& symbolizer);

// The name that the device has or would have had: its own, or that of the device at the same place
// in the fault-free run. "" when none is known.
std::string DeviceName(const RegistryViolation& violation, const Evidence& evidence,
                       const OracleContext& context);

// The functions that the catalogue observes for the io_device registry.
std::vector<std::string> DeviceFunctions(const Catalogue& catalogue);

}  // namespace faultline
