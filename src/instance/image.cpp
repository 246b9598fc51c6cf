#include "instance/image.hpp"

#include "aws/retry.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/stop_after.hpp"
#include "base/text.hpp"

namespace muster::instance {

namespace {

constexpr std::uint64_t kLongestId = 1'000;

}  // namespace

bool is_of_an_image(const std::string& file, Self& self, Millis patience,
                    const std::stop_token& stop) {
  const auto text = read_file(file, kLongestId);
  const auto kept = text ? std::string(trim(*text)) : "";
  if (kept.empty()) {  // a machine that was cut off may leave it so
    log::warn("whether this instance is new cannot be told",
              {{"error", text ? file + " is empty" : text.error().message}});
    return false;
  }
  const StopAfter limit(patience, stop);
  const auto waits = aws::usual_patience();
  auto id = self.id(limit.token());
  for (int failed = 1; !id && !limit.token().stop_requested(); ++failed) {
    log::warn("asking again", {{"error", id.error().message}});
    waits.sleep(aws::pause_after(failed, waits.random()), limit.token());
    id = self.id(limit.token());
  }
  if (!id || *id == kept) return false;
  log::info("this instance is new, of an image that was made of another: nothing is ended",
            {{"instance", *id}, {"other", printable(kept, 60)}});
  return true;
}

}  // namespace muster::instance
