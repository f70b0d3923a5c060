/** What today has cost so far. Days are those of UTC, as budgets count them. */
import { useAsk } from "../api/Query.tsx"
import { Empty, Loaded, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"

const today = (): string => new Date().toISOString().slice(0, 10)

export const Today = () => {
  const day = today()
  const costs = useAsk(
    ["costs", "today", day],
    (api) => api.ledger.costs({ urlParams: { by: ["model"], from: day, to: day } }),
    { every: 5000 }
  )
  return (
    <Panel title="Spent today (UTC)">
      <Loaded query={costs}>
        {({ costs, total }) =>
          total.requests === 0 ? (
            <Empty title="Nothing yet">Today’s requests are summed here, by model.</Empty>
          ) : (
            <>
              <p>
                <strong>{Format.usd(total.cost_usd)}</strong> for {Format.counted(total.requests, "request")} and{" "}
                {Format.counted(total.total_tokens, "token")}
              </p>
              <Table
                caption="Today’s cost by model"
                rows={costs.slice(0, 8)}
                keyOf={({ model }) => model ?? ""}
                columns={[
                  { title: "Model", cell: ({ model }) => model },
                  { title: "Requests", figure: true, cell: ({ requests }) => Format.count(requests) },
                  { title: "Tokens", figure: true, cell: ({ total_tokens }) => Format.count(total_tokens) },
                  {
                    title: "Cost",
                    figure: true,
                    cell: ({ cost_usd, requests, unpriced }) =>
                      unpriced === requests ? Format.unknown : Format.usd(cost_usd)
                  }
                ]}
              />
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}
