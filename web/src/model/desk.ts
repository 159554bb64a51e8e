// What the desk looks like after the events so far. Events may come in any order (the newest of each
// key from `latest`, then the stream, which may repeat some of them): of each key the newest counts.
// Lives in the worker; bounded whatever is published.
import type { DeskSlices, Engine, Order, Performance, Position, SliceName } from "./desk-types.js";
import type { Command, SessionPhase, UniverseScan } from "./desk-types.js";
import { engineOf } from "./engines.js";
import type { DeskEvent } from "./event.js";
import { seqOf } from "./event-id.js";
import { FeedBook } from "./feeds.js";
import { commandOf, performanceOf, scanOf, sessionOf } from "./figures.js";
import { Newest } from "./newest.js";
import { isFinal } from "./order-status.js";
import { orderOf } from "./orders.js";
import { flag, momentOf, text } from "./payload.js";
import { positionOf } from "./positions.js";
import { StrategyBook } from "./strategies.js";

const MAX_POSITIONS = 5000;
const MAX_WORKING_ORDERS = 5000;
const MAX_ENDED_ORDERS = 100;
const MAX_ENGINES = 500;
const MAX_COMMANDS = 50;
const MAX_OTHERS = 200;

export class Desk {
  readonly #positions = new Newest<Position>(MAX_POSITIONS);
  readonly #working = new Newest<Order>(MAX_WORKING_ORDERS);
  readonly #ended = new Newest<Order>(MAX_ENDED_ORDERS);
  readonly #engines = new Newest<Engine>(MAX_ENGINES);
  readonly #performance = new Newest<Performance>(MAX_OTHERS);
  readonly #sessions = new Newest<SessionPhase>(MAX_OTHERS);
  readonly #scans = new Newest<UniverseScan>(MAX_OTHERS);
  readonly #strategies = new StrategyBook();
  readonly #feeds = new FeedBook();
  readonly #commands = new Map<string, Command>();
  /** Engines that began with nothing: what they held before that is of a run that is over. */
  readonly #began = new Map<string, number>();
  #deskTime: number | null = null;
  #deskTimeSeq = -1;
  #alertsVersion = 0;
  #tradesVersion = 0;
  readonly #changed = new Set<SliceName>();

  /** @param receivedAt when the event reached this browser, ms since 1970. */
  apply(event: DeskEvent, receivedAt: number): void {
    switch (event.type) {
      case "position_event":
        if (!this.#isOver(event)) this.#note("positions", this.#positions, positionOf(event));
        break;
      case "order_event":
        this.#applyOrder(event);
        break;
      case "engine_health":
        this.#applyHealth(event, receivedAt);
        break;
      case "performance_update":
        this.#note("performance", this.#performance, performanceOf(event));
        if (this.#strategies.applyPerformance(event)) this.#changed.add("strategies");
        break;
      case "decision_trace":
        this.#applyDecision(event);
        break;
      case "signal_event":
        this.#bump("tradesVersion");
        break;
      case "session_event":
        this.#note("sessions", this.#sessions, sessionOf(event));
        break;
      case "universe_scan":
        this.#note("universe", this.#scans, scanOf(event));
        break;
      case "feed_gap":
        if (this.#feeds.applyGap(event)) this.#changed.add("feed");
        break;
      case "mde_stale_symbols":
        if (this.#feeds.applyStale(event)) this.#changed.add("feed");
        break;
      case "command_event":
        this.#applyCommand(event);
        break;
      case "alert_event":
      case "alert_action":
        this.#bump("alertsVersion");
        break;
    }
    if (event.source?.run_id !== undefined || event.source?.mode !== undefined) this.#tick(event);
  }

  /** What changed since the last call. */
  takeChanges(): Partial<DeskSlices> {
    const names = [...this.#changed];
    this.#changed.clear();
    return this.#make(names);
  }

  /** All of it; what takeChanges() will tell stays to be told. */
  everything(): DeskSlices {
    return this.#make(Object.keys(this.#makers) as SliceName[]) as DeskSlices;
  }

  #make(names: readonly SliceName[]): Partial<DeskSlices> {
    const made = names.map((name) => [name, this.#makers[name]()]);
    return Object.fromEntries(made) as Partial<DeskSlices>;
  }

  readonly #makers: { [Name in SliceName]: () => DeskSlices[Name] } = {
    modes: () => this.#modes(),
    deskTime: () => this.#deskTime,
    positions: () => this.#positions.values(),
    orders: () => [...this.#working.values().reverse(), ...this.#ended.values().reverse()],
    engines: () => this.#engines.values().sort(byNameAndId),
    strategies: () => this.#strategies.strategies(),
    performance: () => this.#performance.values(),
    sessions: () => this.#sessions.values(),
    feed: () => this.#feeds.summary(),
    universe: () => this.#scans.values(),
    commands: () => [...this.#commands.values()].reverse(),
    killed: () => this.#engines.values().some((engine) => flag(engine.metrics, "kill_switch")),
    alertsVersion: () => this.#alertsVersion,
    tradesVersion: () => this.#tradesVersion,
  };

  #note<Row extends { key: string; seq: number }>(
    slice: SliceName,
    rows: Newest<Row>,
    row: Row | undefined,
  ): void {
    if (row !== undefined && rows.take(row)) this.#changed.add(slice);
  }

  #applyOrder(event: DeskEvent): void {
    const order = orderOf(event);
    if (order === undefined || this.#isOver(event)) return;
    const known = this.#ended.get(order.key) ?? this.#working.get(order.key);
    if (known !== undefined && known.seq >= order.seq) return;
    const over = isFinal(order.status);
    (over ? this.#working : this.#ended).delete(order.key);
    this.#note("orders", over ? this.#ended : this.#working, order);
    this.#bump("tradesVersion");
  }

  #applyHealth(event: DeskEvent, receivedAt: number): void {
    const engine = engineOf(event, receivedAt);
    if (engine === undefined) return;
    this.#forgetEndedRun(engine);
    if (!this.#engines.take(engine)) return;
    for (const slice of ["engines", "modes", "killed"] as const) this.#changed.add(slice);
    if (engine.name === "MarketDataEngine" && this.#feeds.applyHealth(engine.metrics, engine.seq)) {
      this.#changed.add("feed");
    }
    if (this.#strategies.applyHealth(event, engine.metrics)) this.#changed.add("strategies");
  }

  /**
   * An engine that starts with no position and no order has forgotten those of its last run (one
   * with a state file would know them), and will never say that they are gone.
   */
  #forgetEndedRun(engine: Engine): void {
    const { engineId, metrics, seq } = engine;
    const empty = metrics["open_positions"] === 0 && metrics["open_orders"] === 0;
    if (engine.status !== "starting" || engineId === null || !empty) return;
    if (seq <= (this.#began.get(engineId) ?? -1)) return;
    this.#began.set(engineId, seq);
    const gone = (row: Position | Order): boolean => row.engineId === engineId && row.seq < seq;
    if (this.#positions.deleteWhere(gone)) this.#changed.add("positions");
    const working = this.#working.deleteWhere(gone);
    if (this.#ended.deleteWhere(gone) || working) this.#changed.add("orders");
  }

  #isOver(event: DeskEvent): boolean {
    const began = this.#began.get(event.source?.engine_id ?? "");
    return began !== undefined && seqOf(event.id) < began;
  }

  #applyDecision(event: DeskEvent): void {
    if (this.#strategies.applyDecision(event)) this.#changed.add("strategies");
    if (text(event.payload, "decision") !== "HOLD") this.#bump("tradesVersion");
  }

  #applyCommand(event: DeskEvent): void {
    const command = commandOf(event);
    if (command === undefined || this.#commands.has(command.id)) return;
    this.#commands.set(command.id, command);
    const oldest = this.#commands.keys().next();
    if (this.#commands.size > MAX_COMMANDS && !oldest.done) this.#commands.delete(oldest.value);
    this.#changed.add("commands");
  }

  #bump(version: "alertsVersion" | "tradesVersion"): void {
    if (version === "alertsVersion") this.#alertsVersion += 1;
    else this.#tradesVersion += 1;
    this.#changed.add(version);
  }

  /** The desk's clock: that of the newest event of a run, which in a simulation is not ours. */
  #tick(event: DeskEvent): void {
    const at = momentOf(event.timestamp);
    const seq = seqOf(event.id);
    if (at === null || seq <= this.#deskTimeSeq) return;
    this.#deskTimeSeq = seq;
    this.#deskTime = at;
    this.#changed.add("deskTime");
  }

  #modes(): string[] {
    const modes = this.#engines
      .values()
      .filter((engine) => engine.status !== "stopped")
      .flatMap((engine) => (engine.mode === null ? [] : [engine.mode]));
    return [...new Set(modes)].sort();
  }
}

function byNameAndId(a: Engine, b: Engine): number {
  return a.name.localeCompare(b.name) || a.key.localeCompare(b.key);
}
