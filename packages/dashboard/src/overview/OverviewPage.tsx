/** How it goes now: what is asked, what it costs, how fast it is answered, and who answers. */
import type { TrafficReport } from "@penstock/schema/Traffic"
import { useState } from "react"
import { useAsk } from "../api/Query.tsx"
import { TimeChart } from "../design/Charts.tsx"
import { Empty, Figure, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"
import { Budgets } from "./Budgets.tsx"
import { Providers } from "./Providers.tsx"
import { Today } from "./Today.tsx"

const refresh = 2000

const spans = [
  [15, "15 minutes"],
  [60, "1 hour"],
  [360, "6 hours"],
  [1440, "24 hours"]
] as const

const tryIt = `curl ${location.origin}/v1/chat/completions \\
  -H 'content-type: application/json' \\
  -d '{"model": "demo/echo", "messages": [{"role": "user", "content": "Hello"}]}'`

const Figures = ({ open, total }: Pick<TrafficReport, "open" | "total">) => (
  <dl className="figures">
    <Figure label="Requests" value={Format.count(total.requests)} note={`${Format.count(open)} under way`} />
    <Figure
      label="Errors"
      value={Format.share(total.errors, total.requests)}
      note={Format.counted(total.errors, "request")}
      tone={total.errors > 0.05 * total.requests ? "bad" : "plain"}
    />
    <Figure label="Half answered within" value={Format.duration(total.p50_ms)} note="p50" />
    <Figure label="95 % answered within" value={Format.duration(total.p95_ms)} note="p95" />
    <Figure label="Tokens" value={Format.count(total.total_tokens)} note="in and out" />
    <Figure
      label="Spent"
      value={Format.usd(total.cost_usd)}
      note={total.unpriced === 0 ? "USD" : `${Format.counted(total.unpriced, "request")} of unknown price`}
    />
  </dl>
)

const points = ({ points }: TrafficReport) =>
  points.map(({ at, errors, p50_ms, p95_ms, requests }) => ({ at, errors, p50_ms, p95_ms, requests }))

export const OverviewPage = () => {
  const [minutes, setMinutes] = useState(60)
  const traffic = useAsk(["traffic", minutes], (api) => api.traffic.report({ urlParams: { minutes } }), {
    every: refresh
  })
  return (
    <>
      <PageHead title="Overview">
        <select
          aria-label="How far to look back"
          value={minutes}
          onChange={({ target }) => setMinutes(Number(target.value))}
        >
          {spans.map(([span, title]) => (
            <option key={span} value={span}>
              {title}
            </option>
          ))}
        </select>
      </PageHead>
      <Loaded query={traffic}>
        {(report) => (
          <>
            <Figures open={report.open} total={report.total} />
            <div className="panels">
              <Panel title="Requests">
                {report.total.requests === 0 ? (
                  <Empty title="Nothing was asked lately">
                    This works as it stands, and costs nothing:
                    <pre>{tryIt}</pre>
                  </Empty>
                ) : (
                  <TimeChart
                    label="Requests and errors over time"
                    points={points(report)}
                    x="at"
                    formatX={Format.hourMinute}
                    format={Format.count}
                    series={[
                      { key: "requests", title: "Requests" },
                      { key: "errors", title: "Errors" }
                    ]}
                  />
                )}
              </Panel>
              <Panel title="Latency">
                {report.total.p50_ms === null ? (
                  <Empty title="Nothing was measured lately">It is, as soon as something is answered.</Empty>
                ) : (
                  <TimeChart
                    label="Latency over time, in milliseconds"
                    points={points(report)}
                    x="at"
                    formatX={Format.hourMinute}
                    format={Format.duration}
                    series={[
                      { key: "p50_ms", title: "p50" },
                      { key: "p95_ms", title: "p95" }
                    ]}
                  />
                )}
              </Panel>
              <Today />
              <Budgets />
              <Providers traffic={report.providers} breakers={report.breakers} />
            </div>
          </>
        )}
      </Loaded>
    </>
  )
}
