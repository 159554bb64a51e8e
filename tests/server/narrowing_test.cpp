// What a narrowed grant reads: on every path exactly what a server would answer that only ever got
// the events inside the narrowing, in memory and from the store.
#include <algorithm>
#include <random>
#include <set>

#include "grants.hpp"
#include "server_fixture.hpp"
#include "store/store_fixture.hpp"

namespace tapedeck::testing {
namespace {

using auth::Grant;
using store::testing::small_options;
using store::testing::StoreRun;
using store::testing::TempFolder;

constexpr std::string_view kSince = "2025-11-18T05:00:00Z";
constexpr std::string_view kUntil = "2025-11-18T05:30:00Z";
const std::string kRange = "since=" + std::string(kSince) + "&until=" + std::string(kUntil);

/// A server with what is behind it, in memory or with a store; may be stopped and started again.
class Site {
 public:
  Site(bool with_store, ServerHooks hooks) : hooks_(std::move(hooks)) {
    if (with_store) folder_ = std::make_unique<TempFolder>();
    start();
  }
  void restart() {
    if (!folder_) return;
    run_->settle();
    server_.reset();
    run_.reset();
    start();
  }
  TestResponse get(const std::string& path, const std::string& key = {}) const {
    return HttpTestClient(server_->port()).get("/api/telemetry" + path, key_header(key));
  }
  json answer(const std::string& path, const std::string& key = {}) const {
    const TestResponse response = get(path, key);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    return json::parse(response.body);
  }
  void post(const std::vector<json>& events) const {
    if (events.empty()) return;
    const TestResponse response =
        HttpTestClient(server_->port())
            .request("POST", "/api/telemetry/events", json(events).dump());
    ASSERT_EQ(response.status, 200) << response.body;
  }
  HttpTestClient connect() const { return HttpTestClient(server_->port()); }

 private:
  void start() {
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 2;
    if (folder_) {
      run_ = std::make_unique<StoreRun>(small_options(folder_->path()));
      server_ = std::make_unique<Server>(*run_->bus, options, &run_->store, hooks_of(run_->store),
                                         hooks_);
    } else {
      bus_ = std::make_unique<TelemetryBus>(BusOptions{});
      server_ = std::make_unique<Server>(*bus_, options, nullptr, StoreHooks{}, hooks_);
    }
    server_->start();
  }

  ServerHooks hooks_;
  std::unique_ptr<TempFolder> folder_;
  std::unique_ptr<StoreRun> run_;
  std::unique_ptr<TelemetryBus> bus_;
  std::unique_ptr<Server> server_;
};

// --- a day's events, and who may see which ---

bool is_any(const std::vector<std::string>& list, const json& payload, const char* name) {
  return payload.contains(name) &&
         std::find(list.begin(), list.end(), payload[name].get<std::string>()) != list.end();
}

/// The rule, once more and by itself.
bool is_inside(const auth::Narrowing& narrowing, const json& event) {
  const json& payload = event["payload"];
  const auto& types = narrowing.event_type;
  const std::string type = event["type"];
  return (types.empty() || std::find(types.begin(), types.end(), type) != types.end()) &&
         (narrowing.symbol.empty() || is_any(narrowing.symbol, payload, "symbol")) &&
         (narrowing.strategy.empty() || is_any(narrowing.strategy, payload, "strategy") ||
          is_any(narrowing.strategy, payload, "strategy_name"));
}

std::vector<json> inside(const auth::Narrowing& narrowing, const std::vector<json>& events) {
  std::vector<json> out;
  std::copy_if(events.begin(), events.end(), std::back_inserter(out),
               [&](const json& event) { return is_inside(narrowing, event); });
  return out;
}

class Day {
 public:
  explicit Day(unsigned seed) : random_(seed) {
    while (events.size() < 900) {
      if (pick(3) == 0) {
        add_chain();
      } else {
        add_single();
      }
    }
  }
  std::vector<json> events;

 private:
  static constexpr std::array kSymbols = {"A", "B", "C \"quoted\"", "D"};
  static constexpr std::array kStrategies = {"momentum", "reversion", "carry"};

  int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

  void add(const std::string& type, json payload) {
    const int n = static_cast<int>(events.size());
    payload["n"] = n;
    const auto at = at_zero() + std::chrono::milliseconds(1500) * n;
    events.push_back({{"type", type},
                      {"timestamp", format_rfc3339(at)},
                      {"payload", std::move(payload)},
                      {"source", {{"host", "h" + std::to_string(pick(2))}, {"account", "acc"}}}});
  }
  static Timestamp at_zero() { return *parse_rfc3339(kSince); }

  void add_single() {
    static const std::array<std::string, 4> kTypes = {"tick", "indicator_event", "engine_health",
                                                      "note"};
    const std::string& type = kTypes[static_cast<std::size_t>(pick(4))];
    json payload = {{"qty", pick(200)}};
    if (type == "engine_health") {
      payload = {{"engine_name", "E"}, {"status", "active"}, {"metrics", json::object()}};
    } else {
      if (type == "indicator_event" || pick(4) > 0) payload["symbol"] = symbol();
      if (pick(3) > 0) payload["strategy"] = strategy();
      if (type == "indicator_event") {
        payload["timeframe"] = "1m";
        payload["indicators"] = json::object();
      }
    }
    add(type, std::move(payload));
  }
  std::string symbol() { return kSymbols[static_cast<std::size_t>(pick(4))]; }
  std::string strategy() { return kStrategies[static_cast<std::size_t>(pick(3))]; }

  /// One decision, all of it of one symbol and strategy.
  void add_chain() {
    const std::string id = "T" + std::to_string(++chains_), of = symbol(), by = strategy();
    add("decision_trace", {{"strategy_name", by},
                           {"symbol", of},
                           {"decision", "BUY"},
                           {"trace_data", {{"close_price", 100}}},
                           {"correlation_id", id}});
    add("signal_event", {{"strategy_name", by},
                         {"symbol", of},
                         {"signal", "BUY"},
                         {"confidence", 0.5},
                         {"correlation_id", id}});
    if (pick(3) == 0) return;
    const int qty = 1 + pick(100);
    for (const char* status : {"submitted", "filled"}) {
      json order = {{"order_id", "O-" + id}, {"symbol", of},   {"side", "BUY"},
                    {"status", status},      {"qty", qty},     {"strategy", by},
                    {"correlation_id", id},  {"filled_qty", 0}};
      if (order["status"] == "filled") order.update({{"filled_qty", qty}, {"avg_price", 101.0}});
      add("order_event", std::move(order));
    }
    add("position_event", {{"symbol", of},
                           {"position_size", qty},
                           {"realized_pnl", pick(500)},
                           {"strategy", by},
                           {"scope", "strategy"},
                           {"correlation_id", id}});
  }

  std::mt19937 random_;
  int chains_ = 0;
};

auth::Narrowing random_narrowing(std::mt19937& random) {
  const auto some = [&](std::vector<std::string> values) {
    std::shuffle(values.begin(), values.end(), random);
    values.resize(1 + random() % (values.size() - 1));
    return values;
  };
  auth::Narrowing out;
  const auto kinds = 1 + random() % 7;
  const std::vector<std::string> trade = {"decision_trace", "signal_event", "order_event",
                                          "position_event"};
  if ((kinds & 1) != 0) {
    out.event_type = some({"tick", "indicator_event", "engine_health", "note", "order_event"});
    if (random() % 2 == 0) {
      out.event_type.insert(out.event_type.end(), trade.begin(), trade.end());
    }
  }
  if ((kinds & 2) != 0) out.symbol = some({"A", "B", "C \"quoted\"", "nobody's"});
  if ((kinds & 4) != 0) out.strategy = some({"momentum", "reversion", "carry"});
  return out;
}

/// Filters as a caller adds them: `&name=value...`
std::string random_filter(std::mt19937& random) {
  std::string out;
  const auto one_of = [&](std::initializer_list<const char*> choices) {
    out += *(choices.begin() + random() % choices.size());
  };
  one_of({"", "", "&event_type=tick", "&event_type=order_event,signal_event,note"});
  one_of({"", "", "&symbol=A", "&symbol=A,D", "&symbol=C%20%22quoted%22"});
  one_of({"", "", "&strategy=momentum", "&strategy=reversion,carry"});
  one_of({"", "", "&host=h1", "&filter=payload.n%20%25%203%20%3D%3D%200"});
  return out;
}

// --- answers without what differs between two servers ---

/// The numbers of a list of events.
std::vector<int> numbers(const json& events) {
  std::vector<int> out;
  for (const json& event : events) out.push_back(event["payload"]["n"]);
  return out;
}

json without_ids(json trade) {
  trade.erase("first_id");
  trade.erase("last_id");
  return trade;
}

std::vector<int> exported(const Site& site, const std::string& query, const std::string& key) {
  const std::string text = site.get("/export?" + query, key).body;
  std::vector<int> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out.push_back(json::parse(line)["payload"]["n"]);
  }
  return out;
}

/// What a play-back of everything gives, up to its `end`.
std::vector<int> streamed(const Site& site, const std::string& query, const std::string& key) {
  HttpTestClient client = site.connect();
  const TestResponse head =
      client.open_stream("/api/telemetry/stream?speed=0&" + query,
                         key_header(key) + std::string(HttpTestClient::kEventSource));
  EXPECT_EQ(head.status, 200);
  std::vector<int> out;
  for (;;) {
    const SseFrame frame = client.read_frame();
    if (frame.event == "end") return out;
    if (frame.event.empty() && !frame.data.empty()) {
      out.push_back(json::parse(frame.data)["payload"]["n"]);
    }
  }
}

/// Every path, asked the same of both.
class Comparison {
 public:
  Comparison(const Site& full, std::string key, const Site& only)
      : full_(full), key_(std::move(key)), only_(only) {}

  void events(const std::string& filter) const {
    const std::string path = "/events?limit=1000&" + kRange + filter;
    EXPECT_EQ(numbers(full_.answer(path, key_)["events"]), numbers(only_.answer(path)["events"]));
    const std::string newest = "/events?limit=7&" + kRange + filter;
    EXPECT_EQ(numbers(full_.answer(newest, key_)["events"]),
              numbers(only_.answer(newest)["events"]));
    const std::string query = kRange + filter;
    EXPECT_EQ(exported(full_, query, key_), exported(only_, query, {}));
    EXPECT_EQ(streamed(full_, query, key_), streamed(only_, query, {}));
  }
  void latest(const std::string& filter) const {
    for (const char* by : {"type", "symbol", "symbol,strategy", "type,host", "order_id"}) {
      const std::string path = "/latest?by=" + std::string(by) + "&" + kRange + filter;
      EXPECT_EQ(numbers(full_.answer(path, key_)["events"]), numbers(only_.answer(path)["events"]));
    }
  }
  void aggregates(const std::string& filter) const {
    for (const char* what :
         {"metric=count", "metric=count&group_by=type", "metric=count&group_by=symbol",
          "metric=count&group_by=strategy", "metric=count&group_by=host,account",
          "metric=sum&field=qty", "metric=max&field=qty&group_by=symbol", "metric=p90&field=qty"}) {
      const std::string path =
          "/aggregates?" + std::string(what) + "&interval=5m&" + kRange + filter;
      EXPECT_EQ(full_.answer(path, key_)["buckets"], only_.answer(path)["buckets"]) << what;
    }
  }
  void stats() const {
    const json mine = full_.answer("/stats", key_), theirs = only_.answer("/stats");
    for (const char* name : {"total_events", "event_counts"}) EXPECT_EQ(mine[name], theirs[name]);
    std::set<std::string> types;
    for (const auto& [type, count] : theirs["event_counts"].items()) types.insert(type);
    EXPECT_EQ(mine["event_types"], json(types));
  }
  void trades() const {
    const json mine = full_.answer("/trades?limit=1000", key_)["trades"];
    const json theirs = only_.answer("/trades?limit=1000")["trades"];
    ASSERT_EQ(mine.size(), theirs.size());
    for (std::size_t i = 0; i < mine.size(); ++i) {
      EXPECT_EQ(without_ids(mine[i]), without_ids(theirs[i]));
    }
    for (std::size_t i = 0; i < mine.size(); i += 10) {
      const std::string id = mine[i]["correlation_id"];
      for (const std::string& path : {"/trades/" + id, "/trades/O-" + id}) {
        const TestResponse shown = full_.get(path, key_), other = only_.get(path);
        ASSERT_EQ(shown.status, other.status) << path;
        if (shown.status != 200) continue;
        const json a = json::parse(shown.body), b = json::parse(other.body);
        EXPECT_EQ(without_ids(a["trade"]), without_ids(b["trade"]));
        EXPECT_EQ(numbers(a["events"]), numbers(b["events"]));
      }
    }
  }

 private:
  const Site& full_;
  const std::string key_;
  const Site& only_;
};

bool may_see_trades(const auth::Narrowing& narrowing) {
  const auto& types = narrowing.event_type;
  return types.empty() || std::find(types.begin(), types.end(), "decision_trace") != types.end();
}

class Narrowed : public ::testing::TestWithParam<bool> {};

TEST_P(Narrowed, EveryPathAnswersAsAServerThatOnlyGotTheAllowedEvents) {
  constexpr int kNarrowings = 8, kQueries = 4;
  std::mt19937 random(20260);
  TestGrants grants;
  for (int i = 0; i < kNarrowings; ++i) {
    Grant grant = grant_named("n" + std::to_string(i), auth::Scope::read);
    grant.narrowing = random_narrowing(random);
    grants.add(std::move(grant));
  }
  const Day day(7);
  const auto middle = day.events.begin() + 500;
  const std::vector<json> before(day.events.begin(), middle), after(middle, day.events.end());
  Site full(GetParam(), grants.hooks());
  full.post(before);
  full.restart();
  full.post(after);
  int with_events = 0, with_trades = 0;
  for (int i = 0; i < kNarrowings; ++i) {
    const std::string key = "n" + std::to_string(i);
    const auth::Narrowing& narrowing = grants.of(key).narrowing;
    SCOPED_TRACE("types " + json(narrowing.event_type).dump() + " symbols " +
                 json(narrowing.symbol).dump() + " strategies " + json(narrowing.strategy).dump());
    with_events += inside(narrowing, after).empty() ? 0 : 1;
    Site only(GetParam(), {});
    only.post(inside(narrowing, before));
    only.restart();
    only.post(inside(narrowing, after));
    const Comparison compare(full, key, only);
    compare.stats();
    if (may_see_trades(narrowing)) {
      compare.trades();
      with_trades += only.answer("/trades")["count"] > 0 ? 1 : 0;
    } else {
      EXPECT_EQ(full.get("/trades", key).status, 403);
      EXPECT_EQ(full.get("/trades/T1", key).status, 403);
    }
    for (int q = 0; q < kQueries; ++q) {
      const std::string filter = q == 0 ? "" : random_filter(random);
      SCOPED_TRACE(filter);
      compare.events(filter);
      compare.latest(filter);
      compare.aggregates(filter);
    }
  }
  EXPECT_GE(with_events, 4) << "answers that are all empty show nothing";
  EXPECT_GE(with_trades, 2);
}

INSTANTIATE_TEST_SUITE_P(MemoryAndStore, Narrowed, ::testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Store" : "Memory"; });

// --- one thing at a time ---

json event(const std::string& type, json payload) {
  return {{"type", type}, {"payload", std::move(payload)}};
}

json order(const std::string& symbol, const std::string& strategy, const std::string& id) {
  return event("order_event", {{"order_id", "O-" + id + symbol},
                               {"symbol", symbol},
                               {"side", "BUY"},
                               {"status", "open"},
                               {"qty", 5},
                               {"strategy", strategy},
                               {"correlation_id", id}});
}

TestGrants one_grant(auth::Narrowing narrowing, auth::Scope scope = auth::Scope::read) {
  TestGrants grants;
  Grant grant = grant_named("mine", scope);
  grant.narrowing = std::move(narrowing);
  grants.add(std::move(grant));
  return grants;
}

/// What GET answers about a trade, without its name in it.
std::string refusal_of(const Site& site, const std::string& id) {
  const TestResponse response = site.get("/trades/" + id, "mine");
  EXPECT_EQ(response.status, 404);
  std::string body = response.body;
  for (std::size_t at = 0; (at = body.find(id)) != std::string::npos;) {
    body.replace(at, id.size(), "ID");
  }
  return body;
}

TEST_P(Narrowed, ATradeOfWhichOneEventIsOutsideIsAnsweredAsOneThatDoesNotExist) {
  const Site site(GetParam(), one_grant({{}, {"A"}, {"m"}}).hooks());
  site.post({order("A", "m", "inside"), order("A", "m", "legs"), order("B", "m", "legs"),
             order("A", "m", "shared"), order("A", "other", "shared"), order("B", "m", "foreign"),
             order("A", "m", "nameless"),
             event("position_event",
                   {{"symbol", "A"}, {"position_size", 5}, {"correlation_id", "nameless"}})});
  const json list = site.answer("/trades", "mine");
  ASSERT_EQ(list["count"], 1) << list;
  EXPECT_EQ(list["trades"][0]["correlation_id"], "inside");
  EXPECT_EQ(site.answer("/trades")["count"], 5) << "everybody sees all";
  EXPECT_EQ(site.get("/trades/inside", "mine").status, 200);
  EXPECT_EQ(site.get("/trades/O-insideA", "mine").status, 200);
  const std::string unknown = refusal_of(site, "nothing");
  for (const char* id : {"legs", "shared", "foreign", "nameless", "O-legsA", "O-foreignB"}) {
    EXPECT_EQ(refusal_of(site, id), unknown) << id;
  }
}

TEST_P(Narrowed, PagesOfTradesDoNotTellOfThoseOutside) {
  const Site site(GetParam(), one_grant({{}, {"A"}, {}}).hooks());
  site.post({order("A", "m", "a1"), order("B", "m", "b1"), order("B", "m", "b2"),
             order("A", "m", "a2"), order("B", "m", "b3")});
  const json first = site.answer("/trades?limit=1", "mine");
  EXPECT_EQ(first["trades"][0]["correlation_id"], "a2");
  const json second =
      site.answer("/trades?limit=1&cursor=" + first["next"].get<std::string>(), "mine");
  EXPECT_EQ(second["trades"][0]["correlation_id"], "a1");
  EXPECT_FALSE(second.contains("next"));
}

TEST_P(Narrowed, AChainShowsOnlyItsAllowedEvents) {
  const Site site(GetParam(), one_grant({{}, {"A"}, {}}).hooks());
  site.post({order("A", "m", "t"), event("note", {{"correlation_id", "t"}}),
             event("note", {{"correlation_id", "t"}, {"symbol", "A"}})});
  EXPECT_EQ(site.answer("/trades/t")["events"].size(), 3U);
  EXPECT_EQ(site.answer("/trades/t", "mine")["events"].size(), 2U);
}

TEST_P(Narrowed, ALiveStreamGetsWhatIsInsideAndNothingElse) {
  const Site site(GetParam(), one_grant({{"tick"}, {"A"}, {}}).hooks());
  HttpTestClient client = site.connect();
  client.open_stream("/api/telemetry/stream?symbol=A,B&replay=5",
                     key_header("mine") + std::string(HttpTestClient::kEventSource));
  client.read_frame();  // connection
  site.post({event("tick", {{"symbol", "B"}, {"n", 1}}), event("tick", {{"symbol", "A"}, {"n", 2}}),
             event("note", {{"symbol", "A"}, {"n", 3}}), event("tick", {{"n", 4}}),
             event("tick", {{"symbol", "A"}, {"n", 5}})});
  EXPECT_EQ(json::parse(client.read_message().data)["payload"]["n"], 2);
  EXPECT_EQ(json::parse(client.read_message().data)["payload"]["n"], 5);
}

TEST_P(Narrowed, AskingForWhatIsOutsideMatchesNothingRatherThanEverything) {
  const Site site(GetParam(), one_grant({{"tick"}, {"A"}, {}}).hooks());
  site.post({event("tick", {{"symbol", "A"}}), event("note", {{"symbol", "A"}}),
             event("tick", {{"symbol", "B"}})});
  EXPECT_EQ(site.answer("/events?event_type=note", "mine")["count"], 0);
  EXPECT_EQ(site.answer("/events?event_type=note,tick", "mine")["count"], 1);
  EXPECT_EQ(site.answer("/events?symbol=B", "mine")["count"], 0);
  EXPECT_EQ(site.answer("/latest?event_type=note", "mine")["count"], 0);
  EXPECT_EQ(site.answer("/aggregates?metric=count&event_type=note", "mine")["buckets"].size(), 0U);
  EXPECT_EQ(site.get("/export?event_type=note", "mine").body, "");
}

TEST_P(Narrowed, WhatIsAboutEverybodysEventsNeedsCredentialsThatAreNotNarrowed) {
  const Site site(GetParam(), one_grant({{}, {"A"}, {}}, auth::Scope::admin).hooks());
  const auto ask = [&](std::string_view method, const std::string& path) {
    return site.connect().request(method, path, {}, key_header("mine"));
  };
  for (const TestResponse& response :
       {ask("GET", "/metrics"), ask("DELETE", "/api/telemetry/events")}) {
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(json::parse(response.body)["code"], "forbidden");
  }
  EXPECT_EQ(site.connect().get("/metrics").status, 200);
}

TEST_P(Narrowed, AggregatesByTheNarrowedKeyComeFromRollupsAndOthersFromEvents) {
  if (!GetParam()) GTEST_SKIP() << "rollups are the store's";
  const Site site(true, one_grant({{}, {"A"}, {}}).hooks());
  site.post({event("tick", {{"symbol", "A"}, {"strategy", "m"}}),
             event("tick", {{"symbol", "B"}, {"strategy", "m"}})});
  const auto ask = [&](const std::string& group) {
    return site.answer("/aggregates?metric=count&interval=1d&group_by=" + group, "mine");
  };
  const json by_symbol = ask("symbol"), by_strategy = ask("strategy");
  EXPECT_EQ(by_symbol["source"], "rollup");
  EXPECT_EQ(by_symbol["buckets"][0]["groups"].size(), 1U);
  EXPECT_EQ(by_strategy["source"], "events");
  EXPECT_EQ(by_strategy["buckets"][0]["groups"][0]["count"], 1);
}

}  // namespace
}  // namespace tapedeck::testing
