#include <gmock/gmock.h>

#include "base/text.hpp"
#include "cli/command_info.hpp"
#include "cli/parse.hpp"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ManPage, HasEveryCommandWithItsOptions) {
  const auto page = man_page(command_info(), "1.2");
  EXPECT_THAT(page, HasSubstr(".TH MUSTER 1 \"\" \"muster 1.2\"\n"));
  EXPECT_THAT(page, HasSubstr(".SS muster token create [RESOURCE_CLASS] [OPTIONS]\n"));
  EXPECT_THAT(page, HasSubstr(".TP\n.B \\-c, \\-\\-config FILE\n"));
  EXPECT_THAT(page, HasSubstr("Default: http://127.0.0.1:8480."));
  EXPECT_THAT(page, Not(HasSubstr("muster man")));
}

TEST(ManPage, NoTextIsTakenForARequest) {
  CommandInfo root{.path = "muster", .name = "muster", .summary = "s", .description = ".so /etc/x"};
  root.footer = "'quoted\n\\w";
  const auto page = man_page(root, "1");
  EXPECT_THAT(page, HasSubstr("\n\\&.so /etc/x\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&\\(aqquoted\n\\ew\n"));
}

}  // namespace
}  // namespace muster::cli
