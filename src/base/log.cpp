#include "base/log.hpp"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.hpp"
#include "base/time.hpp"

namespace muster::log {
namespace {

constexpr std::size_t kLongestValue = 2'000;

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  Format format = Format::text;
};

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, Level level,
                                            const char* pattern) {
  auto logger = std::make_shared<spdlog::logger>("muster", std::move(sink));
  logger->set_level(static_cast<spdlog::level::level_enum>(static_cast<int>(level) + 1));
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::debug);
  return logger;
}

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v";

Output& output() {
  static Output instance{
      make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>(), Level::info, kTextPattern),
      Format::text};
  return instance;
}

// What printable() leaves needs only these two escapes to be a JSON string. In a line of text they
// keep a value from forging another field.
std::string in_quotes(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : printable(text, kLongestValue)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string as_text(std::string_view message, Fields fields) {
  auto line = printable(message, kLongestValue);
  for (const auto& [name, value] : fields) {
    const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
    line += fmt::format(" {}={}", name, plain ? printable(value, kLongestValue) : in_quotes(value));
  }
  return line;
}

std::string as_json(Level level, std::string_view message, Fields fields) {
  constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  auto line = fmt::format(R"({{"time":"{}","level":"{}","message":{})",
                          format_rfc3339(system_clock().wall()),
                          kNames[static_cast<std::size_t>(level)], in_quotes(message));
  for (const auto& [name, value] : fields) {
    line += fmt::format(",{}:{}", in_quotes(name), in_quotes(value));
  }
  return line + "}";
}

}  // namespace

Result<void> configure(const Settings& settings) {
  const bool to_stderr = settings.file.empty() || settings.file == "-";
  spdlog::sink_ptr sink;
  try {
    if (!to_stderr) {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file);
    } else if (settings.format == Format::color) {
      sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{ErrorKind::invalid,
                 fmt::format("cannot log to {}: {}", settings.file, failure.what())};
  }
  const char* pattern = settings.format == Format::json ? "%v" : kTextPattern;
  output() = {make_logger(std::move(sink), settings.level, pattern), settings.format};
  return ok();
}

Result<Level> parse_level(std::string_view text) {
  if (text == "debug") return Level::debug;
  if (text == "info") return Level::info;
  if (text == "warn") return Level::warn;
  if (text == "error") return Level::error;
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is not a log level: debug, info, warn or error", printable(text))};
}

Result<Format> parse_format(std::string_view text) {
  if (text == "color") return Format::color;
  if (text == "text") return Format::text;
  if (text == "json") return Format::json;
  if (text == "none") return Format::none;
  return Error{ErrorKind::invalid,
               fmt::format("'{}' is not a log format: color, text, json or none", printable(text))};
}

void write(Level level, std::string_view message, Fields fields) {
  auto& [logger, format] = output();
  const auto spd_level = static_cast<spdlog::level::level_enum>(static_cast<int>(level) + 1);
  if (format == Format::none || !logger->should_log(spd_level)) return;
  logger->log(spd_level,
              format == Format::json ? as_json(level, message, fields) : as_text(message, fields));
}

}  // namespace muster::log
