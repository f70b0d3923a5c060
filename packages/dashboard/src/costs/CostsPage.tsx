/** What was spent, day by day, and what other models would have cost for the same tokens. */
import type { CostReport, CostRow } from "@penstock/schema/LedgerEntry"
import { useDeferredValue, useState } from "react"
import { useAsk } from "../api/Query.tsx"
import { StackedChart } from "../design/Charts.tsx"
import { Empty, Field, Figure, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { type Column, Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { days, type Dimension, nameOf, stack } from "./Stack.ts"

const dimensions = { model: "Model", provider: "Provider", key: "Key", workflow: "Workflow" } as const

const isDimension = (text: string): text is Dimension => Object.hasOwn(dimensions, text)

const spans = [7, 30, 90] as const

/** The days (UTC) up to today. */
const span = (length: number): { readonly from: string; readonly to: string } => {
  const now = new Date()
  const first = new Date(now)
  first.setUTCDate(now.getUTCDate() - length + 1)
  return { from: first.toISOString().slice(0, 10), to: now.toISOString().slice(0, 10) }
}

const Total = ({ baseline, total }: Pick<CostReport, "baseline" | "total">) => (
  <dl className="figures">
    <Figure label="Spent" value={Format.usd(total.cost_usd)} note="USD" />
    <Figure label="Requests" value={Format.count(total.requests)} note={Format.counted(total.errors, "error")} />
    <Figure
      label="Tokens"
      value={Format.count(total.total_tokens)}
      note={`${Format.count(total.prompt_tokens)} in, ${Format.count(total.completion_tokens)} out`}
    />
    {total.unpriced === 0 ? null : (
      <Figure
        label="Of unknown price"
        value={Format.count(total.unpriced)}
        note="requests, not in the sums"
        tone="warn"
      />
    )}
    {baseline === null ? null : (
      <>
        <Figure label={`On ${baseline}`} value={Format.usd(total.baseline_usd)} note="for the same tokens" />
        <Figure
          label="Saved against baseline"
          value={Format.usd(total.saved_usd)}
          note={Format.share(total.saved_usd ?? 0, total.baseline_usd ?? 0)}
          tone={(total.saved_usd ?? 0) < 0 ? "bad" : "good"}
        />
      </>
    )}
  </dl>
)

const columns = (dimension: Dimension, withBaseline: boolean): ReadonlyArray<Column<CostRow>> => [
  { title: dimensions[dimension], cell: (row) => nameOf(row, dimension) },
  { title: "Requests", figure: true, cell: ({ requests }) => Format.count(requests) },
  { title: "Errors", figure: true, cell: ({ errors, requests }) => Format.share(errors, requests) },
  { title: "Tokens in", figure: true, cell: ({ prompt_tokens }) => Format.count(prompt_tokens) },
  { title: "Tokens out", figure: true, cell: ({ completion_tokens }) => Format.count(completion_tokens) },
  {
    title: "Cost",
    figure: true,
    cell: ({ cost_usd, requests, unpriced }) => (unpriced === requests ? Format.unknown : Format.usd(cost_usd))
  },
  ...(withBaseline
    ? [
        { title: "On baseline", figure: true, cell: ({ baseline_usd }: CostRow) => Format.usd(baseline_usd) },
        { title: "Saved", figure: true, cell: ({ saved_usd }: CostRow) => Format.usd(saved_usd) }
      ]
    : [])
]

/** What an answer is summed by, which may be what was asked before. */
const summedBy = (by: CostReport["by"]): Dimension => by.find(isDimension) ?? "model"

export const CostsPage = () => {
  const [dimension, setDimension] = useState<Dimension>("model")
  const [length, setLength] = useState(30)
  const [typed, setBaseline] = useState("")
  const baseline = useDeferredValue(typed.trim())
  const over = span(length)
  const urlParams = { ...over, ...(baseline === "" ? {} : { baseline }) }
  const sums = useAsk(
    ["costs", dimension, over, baseline],
    (api) => api.ledger.costs({ urlParams: { by: [dimension], ...urlParams } }),
    { every: 15_000 }
  )
  const daily = useAsk(
    ["costs", "daily", dimension, over],
    (api) => api.ledger.costs({ urlParams: { by: [dimension, "day"], ...over } }),
    { every: 15_000 }
  )
  const models = useAsk(["models"], (api) => api.models.list())
  return (
    <>
      <PageHead title="Costs" />
      <div className="filters">
        <Field label="By">
          <select value={dimension} onChange={({ target: { value } }) => isDimension(value) && setDimension(value)}>
            {Object.entries(dimensions).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </Field>
        <Field label="Days (UTC)">
          <select value={length} onChange={({ target }) => setLength(Number(target.value))}>
            {spans.map((days) => (
              <option key={days} value={days}>
                last {days} days
              </option>
            ))}
          </select>
        </Field>
        <Field label="Baseline model">
          <input
            list="baselines"
            placeholder="provider/model"
            value={typed}
            onChange={({ target }) => setBaseline(target.value)}
          />
          <datalist id="baselines">
            {Object.entries(models.data?.models ?? {}).flatMap(([provider, names]) =>
              names.slice(0, 200).map((name) => <option key={`${provider}/${name}`} value={`${provider}/${name}`} />)
            )}
          </datalist>
        </Field>
      </div>
      {sums.error?.kind === "refused" ? (
        <p role="alert" className="alert warn">
          {sums.error.message}
        </p>
      ) : null}
      <Loaded query={sums}>
        {({ baseline, by, costs, total }) =>
          total.requests === 0 ? (
            <Panel title="Nothing to sum">
              <Empty title={`Nothing was asked in the last ${length} days`}>
                Every request is counted here as soon as it is answered. The playground sends one.
              </Empty>
            </Panel>
          ) : (
            <>
              <Total baseline={baseline} total={total} />
              <div className="panels">
                <Panel title={`Cost by day and ${dimension}, USD`} wide>
                  <Loaded query={daily}>
                    {({ by, costs }) => (
                      <StackedChart
                        label={`Cost by day and ${dimension}, in USD`}
                        {...stack(costs, summedBy(by), days(over.from, over.to))}
                        x="day"
                        format={Format.usd}
                        formatX={Format.day}
                      />
                    )}
                  </Loaded>
                </Panel>
                <Panel title={`By ${dimension}`} wide>
                  <Table
                    caption={`Costs by ${dimension}`}
                    rows={costs.slice(0, 200)}
                    keyOf={(row) => nameOf(row, summedBy(by))}
                    columns={columns(summedBy(by), baseline !== null)}
                  />
                  {costs.length > 200 ? <p className="fine">The 200 dearest of {costs.length}.</p> : null}
                </Panel>
              </div>
            </>
          )
        }
      </Loaded>
    </>
  )
}
