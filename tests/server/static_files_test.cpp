// The dashboard's files as a browser gets them: the bytes that were built, kept as long as their
// names allow, and pages whose policy lets no script in but the program's own.
#include "server/static_files.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "server/server_fixture.hpp"
#include "support/inflate.hpp"

namespace tapedeck::testing {
namespace {

constexpr const char* kAccepts = "Accept-Encoding: gzip\r\n";
constexpr const char* kPages[] = {"/", "/login", "/favicon.ico"};

std::string target_of(const EmbeddedFile& file) {
  if (file.path == "index.html") return "/";
  if (file.path == "login.html") return "/login";
  return "/" + std::string(file.path);
}

class StaticFiles : public ServerTest {
 protected:
  StaticFiles() { start(); }
  static std::string have(const std::string& tags) { return "If-None-Match: " + tags + "\r\n"; }
  /// A file that is called anew when it changes.
  static const EmbeddedFile& script() {
    for (const EmbeddedFile& file : dashboard_files) {
      if (file.path.starts_with("assets/") && file.path.ends_with(".js")) return file;
    }
    throw std::logic_error("no script was built");
  }
};

TEST(EmbeddedFiles, AreThoseThatWereBuilt) {
  namespace fs = std::filesystem;
  std::size_t built = 0;
  for (const auto& entry : fs::recursive_directory_iterator(TAPEDECK_WEB_DIST)) {
    if (!entry.is_regular_file() || entry.path().filename() == ".made-from") continue;
    ++built;
    const std::string path = fs::relative(entry.path(), TAPEDECK_WEB_DIST).generic_string();
    const EmbeddedFile* const file = find_file(dashboard_files, path);
    ASSERT_NE(file, nullptr) << path;
    std::ifstream in(entry.path(), std::ios::binary);
    EXPECT_TRUE(file->plain == std::string(std::istreambuf_iterator<char>(in), {})) << path;
    EXPECT_EQ(file->hash.size(), 32U);
  }
  EXPECT_EQ(dashboard_files.size(), built);
  EXPECT_EQ(find_file(dashboard_files, ".made-from"), nullptr);
  EXPECT_EQ(find_file(dashboard_files, ""), nullptr);
  EXPECT_EQ(find_file(dashboard_files, "zzz"), nullptr);
}

TEST(EntityTags, AreFoundInWhatACallerHas) {
  for (const char* list : {R"("a")", R"(W/"a")", R"("b", "a")", R"("b",W/"a" , "c")", "*"}) {
    EXPECT_TRUE(names_tag(list, R"("a")")) << list;
  }
  for (const char* list :
       {"", "a", R"("b")", R"("A")", R"("ab")", R"("b, a")", R"("a)", R"(a")", "\"", "**"}) {
    EXPECT_FALSE(names_tag(list, R"("a")")) << list;
  }
  EXPECT_TRUE(names_tag(R"("x,y", "a")", R"("a")"));
}

TEST(EntityTags, DifferWithTheBytesThatAreSent) {
  const EmbeddedFile file{"a.js", "text/javascript", "h", "plain", "gz"};
  HttpRequest request;
  request.accept_encoding = "gzip";
  const HttpResponse packed = file_response(file, FileLife::ask, request, true);
  EXPECT_EQ(packed.body, "gz");
  EXPECT_NE(packed.headers.find("ETag: \"h-gzip\"\r\n"), std::string::npos);
  const HttpResponse not_allowed = file_response(file, FileLife::ask, request, false);
  EXPECT_EQ(not_allowed.body, "plain");
  EXPECT_NE(not_allowed.headers.find("ETag: \"h\"\r\n"), std::string::npos);
  EXPECT_EQ(not_allowed.headers.find("Content-Encoding"), std::string::npos);
  request.if_none_match = "\"h\"";  // the same content, whatever its form
  EXPECT_EQ(file_response(file, FileLife::ask, request, true).status, 304);
}

TEST(EntityTags, AFileThatGzipDoesNotMakeSmallerGoesAsItIs) {
  const EmbeddedFile file{"a.woff2", "font/woff2", "h", "dense", ""};
  HttpRequest request;
  request.accept_encoding = "gzip";
  const HttpResponse response = file_response(file, FileLife::forever, request, true);
  EXPECT_EQ(response.body, "dense");
  EXPECT_TRUE(response.as_is);
  EXPECT_EQ(response.headers.find("Content-Encoding"), std::string::npos);
}

TEST_F(StaticFiles, EachIsServedAsItWasBuiltCompressedOrNot) {
  for (const EmbeddedFile& file : dashboard_files) {
    const std::string target = target_of(file);
    HttpTestClient client = connect();
    const TestResponse plain = client.get(target), packed = client.get(target, kAccepts);
    ASSERT_EQ(plain.status, 200) << target;
    EXPECT_TRUE(plain.body == file.plain) << target;
    EXPECT_EQ(plain.headers.at("content-type"), file.content_type) << target;
    EXPECT_EQ(plain.headers.at("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding, Origin") << target;
    EXPECT_EQ(plain.headers.count("content-encoding"), 0U) << target;
    if (file.gzip.empty()) continue;
    EXPECT_EQ(packed.headers.at("content-encoding"), "gzip") << target;
    EXPECT_LT(packed.body.size(), plain.body.size()) << target;
    EXPECT_TRUE(gunzip(packed.body) == file.plain) << target;
    EXPECT_NE(packed.headers.at("etag"), plain.headers.at("etag")) << target;
  }
}

TEST_F(StaticFiles, TypesAreWhatBrowsersInsistOn) {
  const std::map<std::string, std::string> types = {{"html", "text/html; charset=utf-8"},
                                                    {"js", "text/javascript; charset=utf-8"},
                                                    {"css", "text/css; charset=utf-8"},
                                                    {"svg", "image/svg+xml"}};
  std::map<std::string, std::string> seen;
  for (const EmbeddedFile& file : dashboard_files) {
    const std::string extension(file.path.substr(file.path.rfind('.') + 1));
    seen[extension] = get(target_of(file)).headers.at("content-type");
  }
  for (const auto& [extension, type] : types) EXPECT_EQ(seen[extension], type) << extension;
  EXPECT_EQ(get("/favicon.ico").headers.at("content-type"), "image/svg+xml");
}

TEST_F(StaticFiles, WhatIsCalledAnewWhenItChangesIsKeptAndPagesAreAskedFor) {
  const TestResponse asset = get("/" + std::string(script().path));
  EXPECT_EQ(asset.headers.at("cache-control"), "public, max-age=31536000, immutable");
  for (const char* page : kPages) {
    EXPECT_EQ(get(page).headers.at("cache-control"), "no-cache") << page;
  }
  EXPECT_EQ(get("/version").headers.at("cache-control"), "no-store");
}

TEST_F(StaticFiles, WhoHasAFileIsNotSentIt) {
  for (const std::string& target : {std::string("/"), "/" + std::string(script().path)}) {
    HttpTestClient client = connect();
    const TestResponse whole = client.get(target, kAccepts);
    const std::string tag = whole.headers.at("etag");
    for (const std::string& tags : {tag, "W/" + tag, "\"other\", " + tag, std::string("*"),
                                    "\"other\"\r\nIf-None-Match: " + tag}) {
      client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + kAccepts + have(tags) +
                  "\r\n");
      const TestResponse same = client.read_head();  // there is no body to be read
      EXPECT_EQ(same.status, 304) << tags;
      EXPECT_EQ(same.headers.count("content-length"), 0U);
      EXPECT_EQ(same.headers.count("content-encoding"), 0U);
      for (const char* name : {"etag", "cache-control", "vary", "content-security-policy"}) {
        EXPECT_EQ(same.headers.at(name), whole.headers.at(name));
      }
    }
    EXPECT_EQ(client.request("HEAD", target, {}, have(tag)).status, 304);
    const TestResponse other = client.get(target, have("\"other\""));  // the connection goes on
    EXPECT_EQ(other.status, 200);
    EXPECT_FALSE(other.body.empty());
  }
}

TEST_F(StaticFiles, HeadSaysWhatGetSays) {
  for (const EmbeddedFile& file : dashboard_files) {
    const std::string target = target_of(file);
    HttpTestClient client = connect();
    TestResponse head = client.request("HEAD", target, {}, kAccepts);
    TestResponse whole = client.get(target, kAccepts);
    EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size())) << target;
    head.headers.erase("x-request-id");
    whole.headers.erase("x-request-id");
    EXPECT_EQ(head.headers, whole.headers) << target;
  }
}

TEST_F(StaticFiles, NoScriptRunsButThoseOfTheProgram) {
  const std::string script_target = "/" + std::string(script().path);
  for (const std::string& target : {std::string("/"), std::string("/login"), script_target}) {
    const std::string policy = get(target).headers.at("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; worker-src 'self'; "));
    for (const char* part : {"connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"}) {
      EXPECT_NE(policy.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(policy.find("'unsafe-eval'"), std::string::npos);
    EXPECT_EQ(policy.find("http"), std::string::npos);
  }
}

/// Every piece of a text that stands between these two.
std::vector<std::string> between(const std::string& text, std::string_view begin,
                                 std::string_view end) {
  std::vector<std::string> pieces;
  std::size_t from = text.find(begin);
  while (from != std::string::npos) {
    from += begin.size();
    const std::size_t to = text.find(end, from);
    if (to == std::string::npos) break;
    pieces.push_back(text.substr(from, to - from));
    from = text.find(begin, to);
  }
  return pieces;
}

/// ` onclick=` and its like.
bool has_handler(const std::string& tag) {
  for (std::size_t at = tag.find(" on"); at != std::string::npos; at = tag.find(" on", at + 1)) {
    const std::size_t end = tag.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + 3);
    if (end != std::string::npos && tag[end] == '=') return true;
  }
  return false;
}

TEST_F(StaticFiles, PagesKeepToTheirPolicyAndNameOnlyWhatIsThere) {
  for (const char* page : {"/", "/login"}) {
    const std::string html = get(page).body;
    const auto scripts = between(html, "<script", "</script>");
    EXPECT_GE(scripts.size(), 1U) << page;
    for (const std::string& script : scripts) {
      EXPECT_NE(script.find("src="), std::string::npos) << "an inline script: " << script;
      EXPECT_TRUE(script.ends_with('>')) << "a script with a text: " << script;
    }
    auto names = between(html, "src=\"", "\"");
    for (std::string& name : between(html, "href=\"", "\"")) names.push_back(std::move(name));
    EXPECT_GE(names.size(), 2U) << page;
    for (const std::string& name : names) {
      EXPECT_EQ(get(name).status, 200) << page << " names " << name;
    }
    for (const std::string& tag : between(html, "<", ">")) EXPECT_FALSE(has_handler(tag)) << tag;
  }
}

TEST_F(StaticFiles, ThereIsNothingBesideThem) {
  for (const char* none :
       {"/index.html", "/login.html", "/.made-from", "/assets", "/assets/", "/assets/none.js",
        "/assets/.", "/assets/..", "/assets/../index.html", "/assets/..%2findex.html",
        "/assets/%2e%2e%2findex.html", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/assets/a/b.js",
        "/assets//", "/favicon.svg", "/login/"}) {
    expect_error(get(none), 404, "not_found");
  }
  EXPECT_GE(get("/assets/%00").status, 400);
}

TEST_F(StaticFiles, TheyCanOnlyBeRead) {
  const std::string asset = "/" + std::string(script().path);
  for (const std::string& target : {std::string("/"), asset, std::string("/favicon.ico")}) {
    for (const char* method : {"POST", "PUT", "DELETE"}) {
      const TestResponse response = connect().request(method, target);
      expect_error(response, 405, "method_not_allowed");
      EXPECT_EQ(response.headers.at("allow"), "GET, HEAD, OPTIONS");
    }
  }
  EXPECT_EQ(connect().request("PUT", "/login").headers.at("allow"), "GET, HEAD, POST, OPTIONS");
}

TEST_F(StaticFiles, APagesAddressMaySayAnything) {
  for (const char* target :
       {"/?symbol=INFY&at=2025-11-18T09:15:00Z", "/login?from=%2F", "/?a&a=b"}) {
    const TestResponse page = get(target);
    EXPECT_EQ(page.status, 200) << target;
    EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8") << target;
  }
  expect_error(get("/api/telemetry/stats?symbol=INFY"), 400, "unknown_parameter", "symbol");
}

TEST_F(StaticFiles, AllAssetsCountAsOneRoute) {
  std::size_t assets = 0;
  for (const EmbeddedFile& file : dashboard_files) {
    if (!file.path.starts_with("assets/")) continue;
    EXPECT_EQ(get(target_of(file)).status, 200);
    ++assets;
  }
  get("/assets/none.js");
  const std::string metrics = get("/metrics").body;
  const std::string count =
      "tapedeck_http_request_duration_seconds_count{method=\"GET\",route=\"/assets/{file}\"} " +
      std::to_string(assets + 1) + "\n";
  EXPECT_NE(metrics.find(count), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find(script().path), std::string::npos);
  EXPECT_EQ(metrics.find("none.js"), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::testing
