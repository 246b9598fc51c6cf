// Runs a fuzz target on files: each argument is one, or a folder of such, or not there. So what a
// search has found is held by any compiler (ctest -R fuzz_corpus). A file is named before it is
// run, so that of one that fails the name is the last.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// In an order of their own, so that two runs do the same.
std::set<fs::path> files_of(const fs::path& argument) {
  std::set<fs::path> files;
  if (fs::is_regular_file(argument)) files.insert(argument);
  if (!fs::is_directory(argument)) return files;
  for (const auto& entry : fs::directory_iterator(argument)) {
    if (entry.is_regular_file()) files.insert(entry.path());
  }
  return files;
}

bool run(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  if (!stream) {
    std::fprintf(stderr, "%s cannot be read\n", file.c_str());
    return false;
  }
  std::fprintf(stderr, "%s\n", file.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t runs = 0;
  for (int i = 1; i < count; ++i) {
    for (const auto& file : files_of(arguments[i])) {
      if (!run(file)) return 1;
      ++runs;
    }
  }
  std::fprintf(stderr, "%zu files were run\n", runs);
  if (runs > 0) return 0;
  std::fprintf(stderr, "that is none: name files, or folders with files in them\n");
  return 1;
}
