#include <cstdlib>

#include "aws/test_world.hpp"
#include "lease/lease_table.hpp"

namespace muster::lease {
namespace {

TEST(DynamoTable, AnItemThatIsNoLeaseIsToldWithItsCure) {
  aws::TestService service;
  ::setenv("AWS_ENDPOINT_URL", service.url().c_str(), 1);
  ::setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE00000", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
  const auto table = open_dynamo_table("muster", "eu-west-1");
  ASSERT_TRUE(table) << table.error().message;
  constexpr auto kOthers = R"("owner":{"S":"o"},"expires_at_ms":{"N":"1"})";
  const auto read = [&](std::string_view version, std::string_view memory) {
    service.answer_with(
        {{.body = fmt::format(R"({{"Item":{{{},{}{}}}}})", version, kOthers, memory)}});
    return (*table)->read("runners", {});
  };
  constexpr auto kMemory = R"(,"memory":{"S":"{}"})";
  const auto whole = read(R"("version":{"N":"7"})", kMemory);
  ASSERT_TRUE(whole && whole->item);
  EXPECT_EQ(whole->item->version, 7);
  const std::pair<const char*, const char*> others[] = {
      {R"("version":{"N":"1.5"})", kMemory},
      {R"("version":{"S":"7"})", kMemory},
      {R"("version":{"N":"7"})", ""},
  };
  for (const auto& [version, memory] : others) {
    const auto none = read(version, memory);
    ASSERT_FALSE(none) << version;
    EXPECT_EQ(none.error().kind, ErrorKind::invalid);
    EXPECT_EQ(none.error().message,
              "the item runners of the table muster is no lease of muster, as its version, owner, "
              "expires_at_ms and memory are not what muster writes; delete it if nothing else uses "
              "it");
  }
}

}  // namespace
}  // namespace muster::lease
