#include "protocol/json.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include "protocol/json_codec.hpp"
#include "protocol/json_members.hpp"

namespace muster::protocol {

// What a request may leave out. An answer is always whole: a missing count must not read as zero.
template <>
inline constexpr bool kMayBeAbsent<&ClassFleet::min> = true;  // a scaler from before there was one
template <>
inline constexpr bool kMayBeAbsent<&NewResourceClass::description> = true;
template <>
inline constexpr bool kMayBeAbsent<&NewResourceClass::max_requeues> = true;
template <>
inline constexpr bool kMayBeAbsent<&NewToken::resource_class> = true;
template <>
inline constexpr bool kMayBeAbsent<&NewToken::nickname> = true;
template <>
inline constexpr bool kMayBeAbsent<&ClaimRequest::wait_ms> = true;
template <>
inline constexpr bool kMayBeAbsent<&ClaimRequest::resource_class> = true;
template <>
inline constexpr bool kMayBeAbsent<&CommandInstance::draining> = true;
template <>
inline constexpr bool kMayBeAbsent<&HeartbeatRequest::wait_ms> = true;
template <>
inline constexpr bool kMayBeAbsent<&Rerun::from_failed> = true;
template <>
inline constexpr bool kMayBeAbsent<&FinishRequest::message> = true;
template <>
inline constexpr bool kMayBeAbsent<&SubmitPipeline::subject> = true;

// A step says in its "type" which of the alternatives it is.
template <>
struct Codec<pipeline::Step> {
  static json::value encode(const pipeline::Step& step) {
    const bool runs = std::holds_alternative<pipeline::RunStep>(step);
    auto value = std::visit(
        [](const auto& form) { return Codec<std::decay_t<decltype(form)>>::encode(form); }, step);
    value.get_object()["type"] = runs ? "run" : "checkout";
    return value;
  }

  static Fit decode(const json::value& from, pipeline::Step& out) {
    const auto* object = from.if_object();
    if (!object) return expected("an object");
    const auto* type = object->if_contains("type");
    if (type && *type == "run") return decode_as<pipeline::RunStep>(from, out);
    if (type && *type == "checkout") return decode_as<pipeline::CheckoutStep>(from, out);
    return expected("run or checkout")->inside("type");
  }

 private:
  template <class Form>
  static Fit decode_as(const json::value& from, pipeline::Step& out) {
    return Codec<Form>::decode(from, out.emplace<Form>());
  }
};

namespace {

// How many members all objects of a text have as they are written.
class CountedMembers {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  std::size_t count = 0;

  using Code = json::error_code;
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t members, Code&) {
    count += members;
    return true;
  }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, Code&) { return true; }
  bool on_key(json::string_view, std::size_t, Code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, Code&) { return true; }
  bool on_string(json::string_view, std::size_t, Code&) { return true; }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Code&) { return true; }
  bool on_double(double, json::string_view, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }
};

std::size_t members_of(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += members_of(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += members_of(element);
  }
  return count;
}

// `value` is what was read of `text`: of two members of one name it has the latter alone.
bool says_a_member_twice(std::string_view text, const json::value& value,
                         const json::parse_options& options) {
  json::basic_parser<CountedMembers> parser(options);
  json::error_code error;
  parser.write_some(false, text.data(), text.size(), error);
  return error || parser.handler().count != members_of(value);
}

}  // namespace

template <class T>
std::string to_json(const T& message) {
  return json::serialize(Codec<T>::encode(message));
}

template <class T>
Result<T> from_json(std::string_view text) {
  json::parse_options options;  // invalid UTF-8 and anything beyond JSON are refused
  options.max_depth = 32;
  json::error_code error;
  const auto value = json::parse(text, error, {}, options);
  if (error) return Error{ErrorKind::invalid, "not valid JSON: " + error.message()};
  if (says_a_member_twice(text, value, options)) {
    return Error{ErrorKind::invalid,
                 "a member is there twice, and which one is meant is not known"};
  }
  T message;
  const auto misfit = Codec<T>::decode(value, message);
  if (!misfit) return message;
  const auto& [path, reason] = *misfit;
  return Error{ErrorKind::invalid, path.empty() ? reason : path + ": " + reason};
}

#define MUSTER_INSTANTIATE(T)             \
  template std::string to_json(const T&); \
  template Result<T> from_json(std::string_view);

MUSTER_INSTANTIATE(pipeline::Job)
MUSTER_INSTANTIATE(Message)
MUSTER_INSTANTIATE(RunnerTask)
MUSTER_INSTANTIATE(RunnerItem)
MUSTER_INSTANTIATE(RunnerList)
MUSTER_INSTANTIATE(RunnerNames)
MUSTER_INSTANTIATE(RunnerContacts)
MUSTER_INSTANTIATE(UnclaimedTasks)
MUSTER_INSTANTIATE(RunningTasks)
MUSTER_INSTANTIATE(ResourceClassItem)
MUSTER_INSTANTIATE(ResourceClassList)
MUSTER_INSTANTIATE(NewResourceClass)
MUSTER_INSTANTIATE(TokenItem)
MUSTER_INSTANTIATE(TokenList)
MUSTER_INSTANTIATE(NewToken)
MUSTER_INSTANTIATE(ChosenRunner)
MUSTER_INSTANTIATE(SignIn)
MUSTER_INSTANTIATE(SessionStatus)
MUSTER_INSTANTIATE(SignInCode)
MUSTER_INSTANTIATE(AuditItem)
MUSTER_INSTANTIATE(AuditList)
MUSTER_INSTANTIATE(CommandQueue)
MUSTER_INSTANTIATE(CommandInstances)
MUSTER_INSTANTIATE(CommandLaunched)
MUSTER_INSTANTIATE(ClaimRequest)
MUSTER_INSTANTIATE(WithdrawRequest)
MUSTER_INSTANTIATE(ClaimedTask)
MUSTER_INSTANTIATE(HeartbeatRequest)
MUSTER_INSTANTIATE(HeartbeatAnswer)
MUSTER_INSTANTIATE(StepUpdate)
MUSTER_INSTANTIATE(OutputAnswer)
MUSTER_INSTANTIATE(StepReport)
MUSTER_INSTANTIATE(FinishRequest)
MUSTER_INSTANTIATE(SubmitPipeline)
MUSTER_INSTANTIATE(ConfigProblem)
MUSTER_INSTANTIATE(ConfigRefused)
MUSTER_INSTANTIATE(Rerun)
MUSTER_INSTANTIATE(PipelineCreated)
MUSTER_INSTANTIATE(StepStatus)
MUSTER_INSTANTIATE(TaskStatus)
MUSTER_INSTANTIATE(JobStatus)
MUSTER_INSTANTIATE(WorkflowStatus)
MUSTER_INSTANTIATE(PipelineStatus)
MUSTER_INSTANTIATE(PipelineItem)
MUSTER_INSTANTIATE(PipelineList)
MUSTER_INSTANTIATE(RunnerActivity)
MUSTER_INSTANTIATE(OtherRunner)
MUSTER_INSTANTIATE(ForeseenTasks)
MUSTER_INSTANTIATE(ClassDemand)
MUSTER_INSTANTIATE(Demand)
MUSTER_INSTANTIATE(FleetDecision)
MUSTER_INSTANTIATE(FleetDecisions)
MUSTER_INSTANTIATE(ClassFleet)
MUSTER_INSTANTIATE(FleetReport)
MUSTER_INSTANTIATE(ClassStatus)
MUSTER_INSTANTIATE(FleetStatus)
MUSTER_INSTANTIATE(FleetPoint)
MUSTER_INSTANTIATE(FleetTotals)
MUSTER_INSTANTIATE(FleetHistory)
MUSTER_INSTANTIATE(Health)

#undef MUSTER_INSTANTIATE

}  // namespace muster::protocol
