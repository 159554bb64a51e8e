// A desk at work: events of all kinds at a steady pace, posted in batches, from a process of its own.
// usage: node publisher.mjs URL EVENTS_PER_SECOND
// Writes a line {"published": N} a second to standard output; ends when its input ends.
const [url, rateText] = process.argv.slice(2);
const rate = Number(rateText);
const BATCHES_PER_SECOND = 20;
const SYMBOLS = Array.from({ length: 50 }, (_, at) => `SHARE${String(at).padStart(2, "0")}`);
const STRATEGIES = ["momentum", "ema_crossover", "mean_reversion"];
const HELD = 20; // symbols in which each strategy holds something

const source = (engine) => ({
  host: "bench",
  engine_id: `paper-${engine}`,
  run_id: "bench-1",
  account: "paper",
  mode: "paper",
});
const instrument = { exchange: "NSE", segment: "NSE", tick_size: 0.05 };
const price = (n) => Math.round(20 * (1500 + 100 * Math.sin(n / 997))) / 20;
const minute = () => new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();

function position(n) {
  const strategy = STRATEGIES[n % 3];
  const symbol = SYMBOLS[Math.floor(n / 3) % HELD];
  const pnl = Math.round(100 * (5000 * Math.sin(n / 1301))) / 100;
  return {
    type: "position_event",
    source: source("execution"),
    payload: {
      ...{ symbol, position_size: 100, entry_price: 1500, last_price: price(n), product: "MIS" },
      ...{ realized_pnl: 120.5, unrealized_pnl: pnl, day_pnl: pnl + 120.5, charges: 42.1 },
      ...{ pnl_basis: "average", scope: "strategy", strategy, protected_qty: 100 },
      ...{ protected_by: "strategy", round_trip_id: `r${n % 3}` },
      ...instrument,
    },
  };
}

function indicators(n) {
  const symbol = SYMBOLS[n % SYMBOLS.length];
  const names = [
    "ema_20",
    "ema_50",
    "bb_upper",
    "bb_middle",
    "bb_lower",
    "rsi",
    "adx",
    "atr",
    "vwap",
  ];
  const values = Object.fromEntries(names.map((name, at) => [name, price(n + at)]));
  const payload = { symbol, timeframe: "1m", indicators: values, strategy: STRATEGIES[n % 3] };
  return {
    type: "indicator_event",
    source: source("strategy"),
    payload: { ...payload, ...instrument },
  };
}

function candle(n) {
  const close = price(n);
  const prices = {
    open: close - 1,
    high: close + 2,
    low: close - 2,
    close,
    volume: 1000 + (n % 500),
  };
  const payload = {
    symbol: SYMBOLS[n % SYMBOLS.length],
    timeframe: "1m",
    start: minute(),
    ...prices,
  };
  return { type: "candle_event", source: source("mde"), payload: { ...payload, ...instrument } };
}

const DECISIONS = ["HOLD", "HOLD", "HOLD", "VETO", "BUY"];
function decision(n) {
  const word = DECISIONS[n % DECISIONS.length];
  const veto = word === "VETO" ? { veto_by: "risk", veto_code: "cooldown", wanted: "BUY" } : {};
  const trace = { reason: "within the bands", timeframe: "1m", close_price: price(n), ...veto };
  return {
    type: "decision_trace",
    source: source("strategy"),
    payload: {
      ...{ strategy_name: STRATEGIES[n % 3], symbol: SYMBOLS[n % SYMBOLS.length], decision: word },
      ...{ trace_data: trace, correlation_id: `b${n}` },
    },
  };
}

const STATUSES = ["submitted", "acknowledged", "open", "filled"];
function order(n) {
  const step = n % STATUSES.length;
  const id = Math.floor(n / STATUSES.length);
  return {
    type: "order_event",
    source: source("execution"),
    payload: {
      ...{
        order_id: `o${id}`,
        symbol: SYMBOLS[id % SYMBOLS.length],
        side: id % 2 ? "BUY" : "SELL",
      },
      ...{ status: STATUSES[step], qty: 100, filled_qty: step === 3 ? 100 : 0, price: price(n) },
      ...{ strategy: STRATEGIES[id % 3], order_type: "LIMIT", product: "MIS" },
      ...{ correlation_id: `b${5 * id + 4}` },
    },
  };
}

const ENGINES = ["MarketDataEngine", "StrategyEngineV2", "ExecutionEngine"];
function health(n) {
  const metrics = { ticks_per_second: 900, last_tick_age_ms: 12, total_candles: n, load: 0.3 };
  const engine_name = ENGINES[n % ENGINES.length];
  const payload = { engine_name, status: "active", metrics };
  return { type: "engine_health", source: source(engine_name), payload };
}

function performance(n) {
  const net = 8000 * Math.sin(n / 211);
  const metrics = { net_pnl: net, day_net_pnl: net, realized_pnl: 100, unrealized_pnl: net - 100 };
  const more = { charges: 55, loss_limit: 20000, max_drawdown: 900, trades: n % 90 };
  const payload = { metrics: { ...metrics, ...more }, scope: "account" };
  return { type: "performance_update", source: source("execution"), payload };
}

// Of a hundred events; the pace of a simulation of three strategies, many times over.
const MIX = [
  ...Array(63).fill(position),
  ...Array(12).fill(indicators),
  ...Array(8).fill(candle),
  ...Array(6).fill(decision),
  ...Array(4).fill(order),
  ...Array(5).fill(health),
  ...Array(2).fill(performance),
];
const made = new Map();
let n = 0;
function next() {
  const make = MIX[(n * 37) % MIX.length]; // 37 and 100 share no factor: kinds are mixed
  n += 1;
  const count = made.get(make) ?? 0;
  made.set(make, count + 1);
  return make(count);
}

let over = false;
process.stdin.on("end", () => (over = true)).resume();
const began = Date.now();
let told = 0;
while (!over) {
  const due = Math.floor(((Date.now() - began) / 1000) * rate) - n;
  const count = Math.min(due, rate); // after a stall a second's worth at most
  if (count > 0) {
    const body = Array.from({ length: count }, () => JSON.stringify(next())).join("\n");
    const headers = { "Content-Type": "application/x-ndjson" };
    const answer = await fetch(`${url}/api/telemetry/events`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    await answer.arrayBuffer();
  }
  if (Date.now() - began > 1000 * (told + 1)) {
    told += 1;
    console.log(JSON.stringify({ published: n }));
  }
  await new Promise((resolve) => setTimeout(resolve, 1000 / BATCHES_PER_SECOND));
}
