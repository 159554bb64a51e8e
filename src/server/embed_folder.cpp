// embed_folder FOLDER OUT.cpp: writes the files of a folder as C++, for static_files.hpp: their
// bytes, the same as gzip where that is smaller, a hash, and the content type that goes with the
// name. Run by the build. Hidden files are left out. An output that would be the same is not
// touched, so that nothing is compiled again for it.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/gzip.hpp"

namespace tapedeck {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kContentTypes = {{
    {".css", "text/css; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
}};

std::string_view content_type_of(const fs::path& file) {
  const std::string extension = file.extension().string();
  for (const auto& [known, type] : kContentTypes) {
    if (known == extension) return type;
  }
  throw std::runtime_error("there is no content type for " + file.string() +
                           "; add one to embed_folder.cpp");
}

std::string contents_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return bytes;
}

/// 128 of SHA-256's bits.
std::string hash_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL has no SHA-256");
  }
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

/// As a string literal, which compilers read many times faster than a list of numbers.
std::string literal_of(std::string_view bytes) {
  constexpr std::size_t kLineBytes = 4096;
  std::string out = "\"";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % kLineBytes == 0) out += "\"\n\"";
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool as_is = byte >= ' ' && byte < 0x7F && byte != '"' && byte != '\\' && byte != '?';
    if (as_is) {
      out += bytes[i];
    } else {
      fmt::format_to(std::back_inserter(out), "\\{:03o}", byte);
    }
  }
  return out + '"';
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (entry.is_regular_file() && !hidden)
      files.push_back(entry.path().lexically_relative(folder));
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.generic_string() < b.generic_string(); });
  return files;
}

std::string source_of(const fs::path& folder) {
  std::string bytes, table;
  Deflater smallest({9, 15});
  const std::vector<fs::path> files = files_below(folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string plain = contents_of(folder / files[i]);
    std::string gzip = gzip_whole(smallest, plain);
    if (gzip.size() >= plain.size()) gzip.clear();
    bytes += fmt::format("constexpr char kPlain{}[] = {};\n", i, literal_of(plain));
    bytes += fmt::format("constexpr char kGzip{}[] = {};\n", i, literal_of(gzip));
    table += fmt::format(
        "    {{{}, \"{}\", \"{}\", {{kPlain{}, sizeof kPlain{} - 1}}, {{kGzip{}, sizeof kGzip{} - "
        "1}}}},\n",
        literal_of(files[i].generic_string()), content_type_of(files[i]), hash_of(plain), i, i, i,
        i);
  }
  return "// Made by embed_folder.\n#include \"server/static_files.hpp\"\n\nnamespace tapedeck {\n"
         "namespace {\n" +
         bytes + "constexpr EmbeddedFile kFiles[] = {\n" + table +
         "};\n}  // namespace\n\n"
         "constinit const std::span<const EmbeddedFile> dashboard_files{kFiles};\n\n"
         "}  // namespace tapedeck\n";
}

void write_if_changed(const fs::path& out, const std::string& text) {
  if (fs::exists(out) && contents_of(out) == text) return;
  std::ofstream file(out, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + out.string());
}

}  // namespace
}  // namespace tapedeck

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: embed_folder FOLDER OUT.cpp\n");
    return 2;
  }
  try {
    tapedeck::write_if_changed(argv[2], tapedeck::source_of(argv[1]));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "embed_folder: {}\n", error.what());
    return 1;
  }
}
