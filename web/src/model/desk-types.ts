// What the page shows of the desk at one moment. Plain values: they cross from the worker to tabs.
// Times are milliseconds since 1970 (UTC), money is in rupees, null is "not known".

/** Where an event came from, as far as positions and orders are told apart by it. */
export interface Owner {
  account: string | null;
  mode: string | null;
  engineId: string | null;
}

export interface Position extends Owner {
  key: string;
  symbol: string;
  exchange: string | null;
  product: string | null;
  strategy: string | null;
  /** Units, signed; 0 is flat. */
  size: number;
  entryPrice: number | null;
  lastPrice: number | null;
  realizedPnl: number | null;
  unrealizedPnl: number | null;
  dayPnl: number | null;
  charges: number | null;
  /** Units that a stop would close; null when the engine does not say. */
  protectedQty: number | null;
  protectedBy: string | null;
  squareOffAt: number | null;
  roundTripId: string | null;
  at: number;
  seq: number;
}

export interface Order extends Owner {
  key: string;
  orderId: string;
  symbol: string;
  exchange: string | null;
  side: string;
  status: string;
  qty: number | null;
  filledQty: number | null;
  price: number | null;
  avgPrice: number | null;
  triggerPrice: number | null;
  orderType: string | null;
  product: string | null;
  strategy: string | null;
  reason: string | null;
  correlationId: string | null;
  at: number;
  seq: number;
}

export interface Engine {
  key: string;
  name: string;
  engineId: string | null;
  host: string | null;
  mode: string | null;
  status: string;
  reason: string | null;
  metrics: Readonly<Record<string, unknown>>;
  /** The event's own time. */
  at: number;
  /** When it reached this browser: silence is judged by it, since a replay's times are its own. */
  receivedAt: number;
  seq: number;
}

export interface Strategy {
  key: string;
  name: string;
  engineId: string | null;
  wins: number | null;
  losses: number | null;
  winRate: number | null;
  winStreak: number | null;
  lossStreak: number | null;
  openPositions: number | null;
  signalsToday: number | null;
  lastSignal: string | null;
  lastSignalAt: number | null;
  realizedPnl: number | null;
  netPnl: number | null;
  unrealizedPnl: number | null;
  lastVeto: { code: string | null; reason: string | null; symbol: string; at: number } | null;
}

/** What an account made; from performance_update of scope account. */
export interface Performance {
  key: string;
  account: string | null;
  mode: string | null;
  sessionDate: string | null;
  realized: number | null;
  unrealized: number | null;
  charges: number | null;
  /** After charges, of the day. */
  dayNet: number | null;
  lossLimit: number | null;
  marginUsed: number | null;
  marginAvailable: number | null;
  maxDrawdown: number | null;
  drawdown: number | null;
  winRate: number | null;
  trades: number | null;
  at: number;
  seq: number;
}

export interface SessionPhase {
  key: string;
  exchange: string;
  segment: string;
  group: string | null;
  phase: string;
  at: number;
  seq: number;
}

/** One instrument's feed. */
export interface Feed {
  key: string;
  symbol: string;
  exchange: string | null;
  lastPrice: number | null;
  ageMs: number | null;
  ticksPerSecond: number | null;
  gaps: number | null;
  lastGap: { from: number | null; to: number | null; missed: number | null } | null;
}

export interface FeedSummary {
  /** Age of the newest tick as the market data engine told it. */
  lastTickAgeMs: number | null;
  ticksPerSecond: number | null;
  ticksTotal: number | null;
  gaps: number | null;
  lateTicks: number | null;
  badTicks: number | null;
  symbols: number | null;
  symbolsOmitted: number;
  stale: { symbol: string; ageMinutes: number | null }[];
  staleCount: number | null;
  feeds: Feed[];
}

export interface UniverseScan {
  key: string;
  scanType: string;
  exchange: string | null;
  size: number | null;
  counts: Readonly<Record<string, number>>;
  added: string[];
  removed: string[];
  addedCount: number | null;
  removedCount: number | null;
  at: number;
  seq: number;
}

export interface Command {
  id: string;
  command: string;
  target: string;
  state: string;
  reason: string | null;
  by: string | null;
  requestId: string | null;
  at: number;
}

/** All of it, cut so that a change in one thing does not send the others again. */
export interface DeskSlices {
  /** Modes of the newest event of each engine: `paper`, `live`, `replay`. */
  modes: string[];
  /** The newest time an engine told: the desk's own clock, which in a simulation is not ours. */
  deskTime: number | null;
  positions: Position[];
  /** Those at work, newest first, then what ended lately. */
  orders: Order[];
  engines: Engine[];
  strategies: Strategy[];
  performance: Performance[];
  sessions: SessionPhase[];
  feed: FeedSummary;
  universe: UniverseScan[];
  commands: Command[];
  killed: boolean;
  /** Counts up when alerts, or trades, may look different when asked for again. */
  alertsVersion: number;
  tradesVersion: number;
}

export type SliceName = keyof DeskSlices;
