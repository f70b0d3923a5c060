/** Every call that was made for a request, one below the other, each where and as long as it was. */
import type { AttemptRow, RequestRow } from "@penstock/schema/LedgerEntry"
import { Badge } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"
import { toneOf } from "./Tones.ts"
import { bars } from "./Waterfall.ts"

export const AttemptWaterfall = ({
  attempts,
  request
}: {
  readonly attempts: ReadonlyArray<AttemptRow>
  readonly request: RequestRow
}) => (
  <ol className="waterfall">
    {bars(request, attempts).map(({ after, attempt, firstToken, left, width }) => (
      <li key={attempt.number}>
        <div className="row">
          <Badge tone={toneOf(attempt.outcome)}>{attempt.reason ?? attempt.outcome}</Badge>
          <strong>
            {attempt.provider}/{attempt.model}
          </strong>
          <small>
            after {Format.duration(after)}, took {Format.duration(attempt.latency_ms)}
            {attempt.first_token_ms === null ? "" : `, first token ${Format.duration(attempt.first_token_ms)}`}
            {attempt.status === null ? "" : `, answered ${attempt.status}`}
            {`, ${Format.count(attempt.total_tokens)} tokens, ${Format.usd(attempt.cost_usd)}`}
          </small>
        </div>
        <div className="lane" aria-hidden="true">
          <div className={`span ${toneOf(attempt.outcome)}`} style={{ left: `${left}%`, width: `${width}%` }} />
          {firstToken === null ? null : <div className="tick" style={{ left: `${firstToken}%` }} />}
        </div>
      </li>
    ))}
  </ol>
)
