// GET /export on real sockets: formats, chunks, compression, what happens when the store breaks in
// the middle, and that an export of a live system ends.
#include <zlib.h>

#include <sstream>

#include "server/server_fixture.hpp"

namespace tapedeck::testing {
namespace {

constexpr const char* kExport = "/api/telemetry/export";

class Export : public ServerTest {
 protected:
  void publish_past_and_present(int past, int present, std::size_t text_bytes = 0) {
    restart();
    for (int i = 1; i <= past; ++i) publish(i, text_bytes);
    history_.keep(*bus_);
    restart();
    for (int i = past + 1; i <= past + present; ++i) publish(i, text_bytes);
  }
  void publish(int n, std::size_t text_bytes) {
    bus_->publish(
        GenericEvent{n % 2 == 0 ? "even" : "odd", {{"n", n}, {"x", std::string(text_bytes, 'x')}}});
    bus_->flush();
  }
  static std::vector<int> numbers(const std::string& ndjson) {
    std::vector<int> out;
    std::istringstream lines(ndjson);
    for (std::string line; std::getline(lines, line);) {
      out.push_back(json::parse(line)["payload"]["n"]);
    }
    return out;
  }
  static std::vector<int> from_to(int first, int last) {
    std::vector<int> out;
    for (int i = first; i <= last; ++i) out.push_back(i);
    return out;
  }
  static std::string unzipped(const std::string& gzip) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out, input = gzip;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    int code = Z_OK;
    while (code == Z_OK) {
      char piece[65536];
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = sizeof piece;
      code = inflate(&stream, Z_NO_FLUSH);
      out.append(piece, sizeof piece - stream.avail_out);
    }
    EXPECT_EQ(code, Z_STREAM_END);
    inflateEnd(&stream);
    return out;
  }
};

TEST_F(Export, EverythingOldestFirstStoreThenMemory) {
  publish_past_and_present(20, 3);
  const TestResponse response = get(kExport);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "application/x-ndjson");
  EXPECT_EQ(response.headers.at("transfer-encoding"), "chunked");
  EXPECT_TRUE(response.headers.at("content-disposition").starts_with("attachment; filename=\""));
  EXPECT_TRUE(response.headers.at("content-disposition").ends_with("Z.ndjson\""));
  EXPECT_EQ(numbers(response.body), from_to(1, 23));
}

TEST_F(Export, FiltersAndBoundsNarrowIt) {
  publish_past_and_present(20, 4);
  const std::string path = kExport;
  EXPECT_EQ(numbers(get(path + "?event_type=even&since=" + id(16)).body),
            (std::vector<int>{18, 20, 22, 24}));
  EXPECT_EQ(numbers(get(path + "?until=" + id(3)).body), from_to(1, 2));
  EXPECT_EQ(get(path + "?symbol=NONE").body, "");
  expect_error(get(path + "?format=xml"), 400, "invalid_parameter", "format");
  expect_error(get(path + "?columns=id"), 400, "invalid_parameter", "columns");
  expect_error(get(path + "?format=csv&columns=id,,type"), 400, "invalid_parameter", "columns");
  expect_error(get(path + "?fromat=csv"), 400, "unknown_parameter", "fromat");
}

TEST_F(Export, WithoutAHistoryItGivesWhatMemoryHas) {
  start();
  for (int i = 1; i <= 5; ++i) publish(i, 0);
  EXPECT_EQ(numbers(get(kExport).body), from_to(1, 5));
}

TEST_F(Export, CsvHasAHeaderAndTheColumnsAskedFor) {
  publish_past_and_present(2, 1);
  const TestResponse response = get(std::string(kExport) + "?format=csv&columns=id,type,n");
  EXPECT_EQ(response.headers.at("content-type"), "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(response.body, "id,type,n\r\ne1-1,odd,1\r\ne1-2,even,2\r\ne1-3,odd,3\r\n");
}

TEST_F(Export, AHoleIsLeftOut) {
  publish_past_and_present(10, 1);
  history_.lose(4, 6);
  EXPECT_EQ(numbers(get(kExport).body), (std::vector<int>{1, 2, 3, 7, 8, 9, 10, 11}));
}

TEST_F(Export, LongOnesComeInManyChunksAndTheConnectionGoesOn) {
  publish_past_and_present(40, 10, 60'000);
  HttpTestClient client = connect();
  EXPECT_EQ(numbers(client.get(kExport).body), from_to(1, 50));
  EXPECT_EQ(client.get("/healthz").status, 200);
}

TEST_F(Export, WhatIsPublishedMeanwhileIsNotInIt) {
  publish_past_and_present(40, 0, 60'000);
  HttpTestClient client = connect(4096);
  client.send("GET " + std::string(kExport) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const TestResponse head = client.read_head();
  EXPECT_EQ(head.status, 200);
  for (int i = 41; i <= 60; ++i) publish(i, 60'000);
  EXPECT_EQ(numbers(client.read_chunks()), from_to(1, 40));
}

TEST_F(Export, ASlowReaderIsReadForNoFasterThanItTakes) {
  publish_past_and_present(400, 0, 60'000);
  HttpTestClient client = connect(4096);
  client.send("GET " + std::string(kExport) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.read_head();
  // Another export of everything, from beginning to end, meanwhile.
  EXPECT_EQ(numbers(get(kExport).body).size(), 400U);
  const int reads = history_.reads();
  EXPECT_LT(reads, 2 * 400 / 5);  // each reads some 5 events; the slow one has not come far
  EXPECT_EQ(numbers(client.read_chunks()).size(), 400U);
  EXPECT_GT(history_.reads(), reads);
}

TEST_F(Export, AClientThatLeavesInTheMiddleIsForgotten) {
  publish_past_and_present(400, 0, 60'000);
  {
    HttpTestClient client = connect(4096);
    client.send("GET " + std::string(kExport) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.read_head().status, 200);
    client.reset_on_close();
  }
  EXPECT_TRUE(wait_until([&] { return server_->totals().connections == 0; }));
}

TEST_F(Export, CompressedForThoseWhoTakeIt) {
  publish_past_and_present(40, 2, 2000);
  HttpTestClient client = connect();
  const TestResponse response = client.get(kExport, "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(response.headers.at("content-encoding"), "gzip");
  EXPECT_LT(response.body.size(), std::size_t{42 * 1000});
  EXPECT_EQ(numbers(unzipped(response.body)), from_to(1, 42));
  for (const char* refusing : {"gzip;q=0", "identity", "*;q=0", "gzip;q=0.000, *"}) {
    const TestResponse plain =
        client.get(kExport, "Accept-Encoding: " + std::string(refusing) + "\r\n");
    EXPECT_EQ(plain.headers.count("content-encoding"), 0U) << refusing;
    EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding, Origin");
    EXPECT_EQ(numbers(plain.body).size(), 42U);
  }
  EXPECT_EQ(numbers(unzipped(client.get(kExport, "Accept-Encoding: *\r\n").body)), from_to(1, 42));
}

TEST_F(Export, HeadAnnouncesItAndOldClientsGetItToTheEndOfTheConnection) {
  publish_past_and_present(3, 1);
  HttpTestClient client = connect();
  const TestResponse head = client.request("HEAD", kExport);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(client.get("/healthz").status, 200);
  HttpTestClient old = connect();
  old.send("GET " + std::string(kExport) + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(old.read_head().headers.count("transfer-encoding"), 0U);
  EXPECT_EQ(numbers(old.read_to_end()), from_to(1, 4));
}

TEST_F(Export, ABrokenStoreIsAnErrorAtFirstAndACutOffBodyLater) {
  publish_past_and_present(400, 0, 60'000);
  HttpTestClient client = connect(4096);
  client.send("GET " + std::string(kExport) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 200);
  history_.fail_with("The disk is gone.");
  const std::string body = client.read_to_end();
  EXPECT_FALSE(body.ends_with("0\r\n\r\n"));
  expect_error(get(kExport), 503, "store_unreadable");
}

}  // namespace
}  // namespace tapedeck::testing
