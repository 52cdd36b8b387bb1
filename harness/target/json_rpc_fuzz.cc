// What a target sends over its JSON-RPC socket, in pieces of any size.

#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/testing/fuzz.h"
#include "harness/target/json_splitter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const size_t piece = 1 + (size == 0 ? 0 : data[0] % 64);
  faultline::JsonSplitter splitter;
  for (size_t at = 0; at < size; at += piece) {
    splitter.Feed(std::string_view(bytes).substr(at, piece));
    while (const auto text = splitter.Next()) {
      const auto message = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
      if (!message.is_discarded()) {
        (void)message.dump();
      }
    }
  }
  return 0;
}

std::vector<std::string> faultline::testkit::FuzzSeeds() {
  return {R"({"jsonrpc":"2.0","id":1,"result":true})",
          R"({"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no \"such\" method"}})",
          R"([{"id":1,"result":[1,2.5e3,null]},{"id":2,"result":{"a":{"b":"\u00e4"}}}] {"id":3})"};
}
