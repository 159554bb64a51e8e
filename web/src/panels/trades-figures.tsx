// What the trades that are shown have in common: latencies, slippage, rejects.
import type { Trade } from "@tapedeck/client";
import { type ReactNode, useMemo } from "react";

import { count, durationUs, signedPrice, signedRupees } from "../format.js";
import { figuresOf, HOPS, type Spread, type TradeFigures } from "../model/trade-figures.js";
import { slippageTone } from "./trade-row.js";

export function TradesFigures({ trades }: { trades: readonly Trade[] }): ReactNode {
  const figures = useMemo(() => figuresOf(trades), [trades]);
  const { decisionToFill, slippageBps, rejects } = figures;
  const rejected = rejects.reduce((sum, reject) => sum + reject.count, 0);
  return (
    <details className="trades-figures" data-testid="trade-figures">
      <summary title="Latency of each hop, slippage, rejects">
        <span>
          <span className="dim">to fill p50</span> {durationUs(decisionToFill.p50)}
        </span>
        <span>
          <span className="dim">p95</span> {durationUs(decisionToFill.p95)}
        </span>
        <span>
          <span className="dim">slip</span>{" "}
          <span className={slippageTone(slippageBps)}>{signedPrice(slippageBps)}</span>{" "}
          <span className="dim">bps</span>
        </span>
        {rejected > 0 && <span className="bad">{count(rejected)} rejected</span>}
      </summary>
      <FiguresTable figures={figures} />
    </details>
  );
}

function FiguresTable({ figures }: { figures: TradeFigures }): ReactNode {
  const { slippageCount, slippageBps, slippageTotal, rejects } = figures;
  return (
    <div className="trades-popover">
      <table>
        <thead>
          <tr>
            <th scope="col">Hop</th>
            {["n", "p50", "p95", "most"].map((title) => (
              <th key={title} scope="col" className="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figures.hops.map((hop, index) => (
            <SpreadRow key={hop.title} spread={hop} shade={HOPS[index]?.name ?? ""} />
          ))}
          <SpreadRow spread={figures.decisionToFill} shade="" />
        </tbody>
      </table>
      <p className="dim">
        Bars: log10(1 + t / 1 ms) of each hop and two pixels, so that µs and s both show; hollow:
        below zero, the clocks differ.
      </p>
      <p>
        Slippage, mean of {slippageCount}: {signedPrice(slippageBps)} bps,{" "}
        {signedRupees(slippageTotal)} in all{" "}
        <span className="dim">(above zero: worse than at the decision)</span>
      </p>
      {rejects.map(({ reason, count: times }) => (
        <p key={reason} className="bad clip" title={reason}>
          {count(times)} rejected: {reason}
        </p>
      ))}
    </div>
  );
}

function SpreadRow({ spread, shade }: { spread: Spread; shade: string }): ReactNode {
  const { title, n, p50, p95, most, negative } = spread;
  return (
    <tr>
      <th scope="row">
        <svg className="waterfall" width={10} height={9} aria-hidden="true">
          {shade !== "" && <rect className={`hop ${shade}`} width={10} height={9} />}
        </svg>{" "}
        {title}
        {negative > 0 && <span className="warn"> ⚠ {negative} below zero</span>}
      </th>
      <td className="number">{count(n)}</td>
      <td className="number">{durationUs(p50)}</td>
      <td className="number">{durationUs(p95)}</td>
      <td className="number">{durationUs(most)}</td>
    </tr>
  );
}
