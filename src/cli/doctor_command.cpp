// `muster doctor`: looks at everything that could keep `muster scale` from working, and changes
// nothing. What is asked and how it is judged is in src/doctor; here is chosen what there is to
// ask.

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/token_file.hpp"
#include "capacity/command.hpp"
#include "cli/clear_text.hpp"
#include "cli/commands.hpp"
#include "cli/doctor_report.hpp"
#include "cli/scale_config.hpp"
#include "cli/scale_memory.hpp"
#include "cli/scale_policy.hpp"
#include "demand/command_queue.hpp"
#include "demand/muster_server.hpp"
#include "doctor/ask.hpp"
#include "doctor/charge.hpp"
#include "doctor/circleci.hpp"
#include "doctor/class_secret.hpp"
#include "doctor/credentials.hpp"
#include "doctor/group_settings.hpp"
#include "doctor/groups.hpp"
#include "doctor/ports.hpp"

namespace muster::cli {

namespace {

using doctor::Asked;
using doctor::Findings;
using doctor::Notes;

class Examination {
 public:
  explicit Examination(const ScaleConfig& config) : config_(config) {}

  Findings make() {
    token_files();
    credentials();
    queue();
    groups();
    programs();
    lease();
    if (!config_.state_directory.empty()) {
      keep(doctor::examine_state_directory(config_.state_directory, class_names()));
    }
    return std::move(findings_);
  }

 private:
  void keep(Findings findings) { append(findings_, std::move(findings)); }

  template <class Settings>
  std::map<std::string, Settings> classes_with() const {
    std::map<std::string, Settings> found;
    for (const auto& scaled : config_.classes) {
      const auto* settings = std::get_if<Settings>(&scaled.capacity);
      if (settings != nullptr) found.emplace(scaled.managed.name, *settings);
    }
    return found;
  }

  std::vector<std::string> class_names() const {
    std::vector<std::string> names;
    for (const auto& scaled : config_.classes) names.push_back(scaled.managed.name);
    return names;
  }

  void token_files() {
    constexpr auto kCheck = "token-file";
    const auto problems = check_tokens(config_, ::geteuid() == 0);
    for (const auto& named : config_.token_files) {
      Notes notes(named.key);
      const auto problem = std::ranges::find(problems, named.key, &yaml::Problem::path);
      if (problem != problems.end()) {
        notes.bad(kCheck, problem->message);
      } else if (is_open_to_others(named.file)) {
        notes.warn(kCheck, fmt::format("others can read the token; run: chmod 600 {}",
                                       named.file.string()));
      } else {
        notes.good(kCheck, fmt::format("{} holds a token", named.file.string()));
      }
      keep(notes.take());
    }
  }

  const demand::AwsToken* token_at_aws() const {
    const auto* circleci = std::get_if<CircleCiQueue>(&config_.queue);
    return circleci == nullptr ? nullptr : std::get_if<demand::AwsToken>(&circleci->token);
  }

  void credentials() {
    const bool needed = config_.lease || token_at_aws() != nullptr ||
                        !classes_with<capacity::ClassGroups>().empty();
    if (!needed) return;
    auto found = doctor::examine_credentials(session_);
    has_credentials_ = std::ranges::none_of(
        found, [](const auto& each) { return each.verdict == doctor::Verdict::bad; });
    keep(std::move(found));
    if (!has_credentials_) return;
    auto identity = doctor::examine_identity(session_, some_region());
    keep(std::move(identity.findings));
    caller_ = std::move(identity.caller);
  }

  // One that is asked anyway: any tells whose the credentials are.
  Result<std::string> some_region() {
    for (const auto& [name, groups] : classes_with<capacity::ClassGroups>()) {
      for (const auto& group : groups.in_order) {
        if (!group.region.empty()) return group.region;
      }
    }
    if (config_.lease && !config_.lease->region.empty()) return config_.lease->region;
    if (const auto* token = token_at_aws(); token != nullptr && !token->region.empty()) {
      return token->region;
    }
    return region();
  }

  // What needs credentials is not asked without any: the answer is known.
  bool without_credentials(const std::string& subject, std::string_view check) {
    if (has_credentials_) return false;
    Notes notes(subject);
    notes.unknown(check, "not asked, as there are no AWS credentials");
    keep(notes.take());
    return true;
  }

  void queue() {
    const auto names = config_.class_names();
    if (const auto* circleci = std::get_if<CircleCiQueue>(&config_.queue)) {
      queue_of(*circleci);
    } else if (const auto* server = std::get_if<demand::ServerAccess>(&config_.queue)) {
      transport(server->url);
      keep(doctor::judge_demand(demand::MusterServer(*server, names).read({})));
    } else {
      auto command = std::get<demand::CommandQueueSettings>(config_.queue);
      command.timeout = std::min(command.timeout, doctor::kPatience);
      keep(doctor::judge_demand(demand::CommandQueue(command, names).read({})));
    }
  }

  void transport(const std::string& url) {
    constexpr auto kCheck = "transport";
    Notes notes("server.url");
    if (const auto trouble = clear_text_warning(url, url)) {
      notes.warn(kCheck, *trouble + ", or have a tunnel carry it: docs/on-premises.md");
    } else {
      notes.good(kCheck, "nobody on the way can read the token");
    }
    keep(notes.take());
  }

  Result<std::string> token_of(const CircleCiQueue& queue) {
    if (const auto* file = std::get_if<std::filesystem::path>(&queue.token)) {
      return demand::token_in_file(*file)({}, "");
    }
    if (const auto* variable = std::get_if<CircleCiQueue::Variable>(&queue.token)) {
      if (demand::has_token_in_variable(variable->name)) {
        return demand::token_in_variable(variable->name)({}, "");
      }
      return Error{ErrorKind::invalid, variable->name + " is not set in the environment"};
    }
    return doctor::ask("AWS", [&](const std::stop_token& stop) {
      return demand::read_token_kept_by_aws(std::get<demand::AwsToken>(queue.token), stop);
    });
  }

  void queue_of(const CircleCiQueue& queue) {
    std::int64_t sum_of_max = 0;
    for (const auto& [managed, capacity] : config_.classes) {
      sum_of_max += scaling::highest_max(managed.policy, managed.schedules);
    }
    keep(doctor::judge_concurrency(queue.url, queue.concurrency_limit, sum_of_max));
    constexpr auto kCheck = "token";
    if (token_at_aws() != nullptr && without_credentials(queue.url, kCheck)) return;
    Notes notes(queue.url);
    const auto token = token_of(queue);
    if (!token) {
      notes.failed(kCheck, token.error(), Asked::as_the_scaler);
      return keep(notes.take());
    }
    notes.good(kCheck, "the token can be read");
    keep(notes.take());
    demand::RunnerApi api(queue.url);
    api.use_token(*token);
    personal_token_ = *token;
    auto found = doctor::examine_circleci(api, queue.url, config_.class_names());
    keep(std::move(found.findings));
    contacts_ = std::move(found.contacts);
    known_ = std::move(found.known);
  }

  // Asked for once, and only if somebody needs it.
  const Result<std::string>& region() {
    if (!region_) {
      region_ = doctor::ask("the search for an AWS region",
                            [&](const std::stop_token& stop) { return session_.region(stop); });
    }
    return *region_;
  }

  std::vector<doctor::GroupUse> group_uses() {
    std::vector<doctor::GroupUse> uses;
    for (const auto& scaled : config_.classes) {
      const auto* groups = std::get_if<capacity::ClassGroups>(&scaled.capacity);
      if (groups == nullptr) continue;
      const auto& name = scaled.managed.name;
      if (needs_region(scaled) && !region()) {
        Notes notes(name);
        notes.failed("region", region().error(), Asked::as_the_scaler);
        keep(notes.take());
      }
      for (const auto& group : groups->in_order) {
        if (group.region.empty() && !region()) continue;
        auto policy = scaled.managed.policy;
        policy.max = group.most;
        uses.push_back({name, group.group, group.region.empty() ? *region() : group.region, policy,
                        group.suspend_rebalancing, group.token_secret, groups->in_order.size() > 1,
                        config_.lease.has_value(), keeps_any(scaled.managed), group.idle_timeout});
      }
    }
    return uses;
  }

  void groups() {
    const auto uses = group_uses();
    keep(doctor::judge_sharing(uses));
    bool asked = true;
    for (const auto& use : uses) {
      if (without_credentials(use.subject(), "group-exists")) asked = false;
      if (config_.lease) continue;
      Notes notes(use.subject());
      notes.warn("lease",
                 "nothing keeps a scaler on another machine away from the group: set "
                 "lease.table");
      keep(notes.take());
    }
    if (!asked) return;
    keep(doctor::examine_groups(session_, uses, contacts_, known_, caller_));
    keep(doctor::examine_class_secrets(session_, uses, personal_token_));
  }

  void programs() {
    auto classes = classes_with<capacity::CommandSettings>();
    if (classes.empty()) return;
    std::vector<std::string> names;
    for (auto& [name, settings] : classes) {
      settings.timeout = std::min(settings.timeout, doctor::kPatience);
      names.push_back(name);
    }
    keep(doctor::judge_listing(names, capacity::CommandCapacity(std::move(classes)).list({})));
  }

  void lease() {
    if (!config_.lease) return;
    const auto& name = config_.lease->table;
    const auto subject = "the lease table " + name;
    constexpr auto kCheck = "lease-table";
    if (without_credentials(subject, kCheck)) return;
    Notes notes(subject);
    const auto where =
        config_.lease->region.empty() ? region() : Result<std::string>(config_.lease->region);
    auto table = where ? lease::open_dynamo_table(name, *where) : where.error();
    if (!table) {
      notes.failed(kCheck, table.error(), Asked::as_the_scaler);
      return keep(notes.take());
    }
    keep(doctor::examine_lease(**table, name, keys_of_classes()));
  }

  // Of a group without a region there is none; that is told already.
  lease::LeaseKeys keys_of_classes() {
    lease::LeaseKeys keys;
    for (const auto& scaled : config_.classes) {
      const bool elsewhere = needs_region(scaled);
      if (elsewhere && !region()) continue;
      keys[scaled.managed.name] = lease_keys(scaled, elsewhere ? *region() : "");
    }
    return keys;
  }

  const ScaleConfig& config_;
  Findings findings_;
  doctor::Contacts contacts_;
  doctor::KnownRunners known_;
  std::string personal_token_;  // for CircleCI; empty: it could not be read, or there is none
  aws::Session session_;
  bool has_credentials_ = false;
  doctor::Caller caller_;  // known, if there are credentials
  std::optional<Result<std::string>> region_;
};

}  // namespace

int run(const DoctorOptions& options) {
  // What would be logged is in the findings.
  if (auto quiet = log::configure({.level = log::Level::error}); !quiet) {
    return report(quiet.error());
  }
  const auto config = load_without_tokens(options.config_file);
  if (!config) return config.error();
  const auto findings = Examination(*config).make();
  fmt::print("{}",
             options.json ? findings_json(findings) : findings_text(findings, finding_style()));
  const bool bad = std::ranges::any_of(
      findings, [](const auto& each) { return each.verdict == doctor::Verdict::bad; });
  return bad ? 1 : 0;
}

}  // namespace muster::cli
