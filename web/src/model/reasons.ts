// Codes of vetoes and rejects in a trader's words; docs/engines.md has what they mean.

const WORDS: ReadonlyMap<string, string> = new Map([
  ["warmup", "still warming up"],
  ["kill_switch", "kill switch is on"],
  ["market_phase", "market phase"],
  ["stale_data", "data too old"],
  ["duplicate", "in it already"],
  ["cooldown", "cooling down"],
  ["max_positions", "position limit"],
  ["daily_loss", "day's loss limit"],
  ["low_confidence", "low confidence"],
  ["margin", "not enough margin"],
  ["circuit_limit", "circuit limit"],
  ["price_band", "outside price band"],
  ["bad_price", "impossible price"],
  ["bad_quantity", "impossible quantity"],
  ["off_lot", "not in whole lots"],
  ["freeze_qty", "above freeze quantity"],
  ["over_freeze", "above freeze quantity"],
  ["rate_limit", "order rate limit"],
  ["max_open_orders", "open-order limit"],
  ["max_notional", "order value limit"],
  ["max_quantity", "order quantity limit"],
  ["unknown_symbol", "unknown symbol"],
  ["short_delivery", "short in delivery"],
  ["square_off", "square-off time"],
  ["market_on_stock_options", "market order on stock option"],
  ["slm_on_options", "SL-M on option"],
]);

/** A code nobody here knows is read as it is written, with spaces. */
export function reasonWords(code: string | null): string {
  if (code === null || code.trim() === "") return "no reason given";
  return WORDS.get(code) ?? code.replaceAll("_", " ");
}
