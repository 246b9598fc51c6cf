// What a scaler remembers of a class, as it is kept on disk and in a table that others write to.

#include "fleet/memory_json.hpp"
#include "fuzz/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const auto memory = fleet::memory_from_json(fuzz::text_of(data, size));
  if (!memory) {
    fuzz::check_error(memory.error());
    return 0;
  }
  const auto written = fleet::to_json(*memory);
  const auto again = fleet::memory_from_json(written);
  fuzz::check(again.has_value(), "what is written can be read", written);
  fuzz::check(*again == *memory, "a memory is the same after JSON", written);
  return 0;
}
