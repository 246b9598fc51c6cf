#pragma once

// Random names, hashes and comparisons that leak nothing. A thin layer over OpenSSL.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace muster {

// `bytes` of the system's randomness, as lower-case hex.
std::string random_hex(std::size_t bytes);

// A fresh UUID of version 7 (RFC 9562): sorted by the time of its making.
std::string new_uuid();
bool is_uuid(std::string_view text);

std::string sha256_hex(std::string_view data);
Result<std::string> sha256_of_file(const std::filesystem::path& path);
std::string hmac_sha256(std::string_view key, std::string_view data);  // 32 bytes
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

// SHA-256 of a stream that does not fit in memory.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view data);
  std::string hex();  // ends the stream; call once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the same time wherever the two differ. Lengths are not secret.
bool equal_in_constant_time(std::string_view a, std::string_view b);

std::string base64_encode(std::string_view data);
// Nothing that is not well-formed base64 is accepted; an empty optional then.
bool base64_decode(std::string_view text, std::string& data);

}  // namespace muster
