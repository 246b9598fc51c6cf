#include "study/csv_rows.hpp"

#include <algorithm>
#include <optional>

#include <csv.h>
#include <fmt/core.h>

#include "base/text.hpp"

namespace muster::study {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::size_t kMostFields = 500;

class Reader {
 public:
  explicit Reader(const std::function<Result<void>(const CsvRow&)>& take) : take_(take) {
    csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  }
  ~Reader() { csv_free(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Line by line, as the library counts none.
  Result<void> read(std::string_view text) {
    for (std::int64_t line = 1; !text.empty() && !refused_; ++line) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      if (auto fed = feed(text.substr(0, end), line); !fed) return fed;
      text.remove_prefix(end);
    }
    if (!refused_ && csv_fini(&parser_, on_field, on_row, this) != 0) {
      return at_line(row_.line, "a quote is never closed; was the file cut off?");
    }
    if (refused_) return *refused_;
    return ok();
  }

 private:
  Result<void> feed(std::string_view line, std::int64_t number) {
    if (between_rows_) row_.line = number;
    if (line.size() > kLongestLine) {
      return at_line(number, fmt::format("longer than {} bytes", kLongestLine));
    }
    if (utf8_prefix(line) != line.size()) {
      return at_line(number, "not UTF-8; save the file in that encoding");
    }
    const bool blank = trim(line).empty();
    between_rows_ = between_rows_ && blank;
    if (csv_parse(&parser_, line.data(), line.size(), on_field, on_row, this) != line.size()) {
      return at_line(number, "a quote stands where none may; \"\" is one within a quoted field");
    }
    return ok();
  }

  static void on_field(void* text, std::size_t size, void* self) {
    auto& fields = static_cast<Reader*>(self)->row_.fields;
    if (fields.size() <= kMostFields) fields.emplace_back(static_cast<const char*>(text), size);
  }

  static void on_row(int, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    if (!reader.refused_) {
      if (auto taken = reader.take_(reader.row_); !taken) reader.refused_ = taken.error();
    }
    reader.row_.fields.clear();
    reader.between_rows_ = true;
  }

  const std::function<Result<void>(const CsvRow&)>& take_;
  csv_parser parser_{};
  CsvRow row_;
  bool between_rows_ = true;
  std::optional<Error> refused_;
};

// Of what is often given as it was downloaded.
std::string_view how_to_unpack(std::string_view text) {
  if (text.starts_with("\x1f\x8b")) return "it is compressed by gzip; unpack it with gunzip first";
  if (text.starts_with("PK\x03\x04")) return "it is a zip archive; unpack it with unzip first";
  return "";
}

}  // namespace

Error at_line(std::int64_t line, std::string_view why) {
  return {ErrorKind::invalid, fmt::format("line {}: {}", line, why)};
}

Result<void> read_csv(std::string_view text,
                      const std::function<Result<void>(const CsvRow&)>& take) {
  if (const auto how = how_to_unpack(text); !how.empty()) {
    return Error{ErrorKind::invalid, std::string(how)};
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return Reader(take).read(text);
}

}  // namespace muster::study
