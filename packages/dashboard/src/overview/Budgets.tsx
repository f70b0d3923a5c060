/** What may be spent, and how much of it is left. */
import { useAsk } from "../api/Query.tsx"
import { Empty, Loaded, Meter, Panel } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"

const nameOf = (scope: string): string => (scope === "gateway" ? "Whole gateway" : scope.replace(/^key:/, "Key "))

export const Budgets = () => {
  const budgets = useAsk(["budgets"], (api) => api.budgets.list(), { every: 5000 })
  return (
    <Panel title="Budgets">
      <Loaded query={budgets}>
        {({ budgets }) =>
          budgets.length === 0 ? (
            <Empty title="No budget is set">
              Set one for the whole gateway in <code>penstock.yaml</code>:<pre>{"budget: { usd: 10, per: day }"}</pre>
            </Empty>
          ) : (
            <ul className="budgets">
              {budgets.map(({ limit_usd, per, reserved_usd, resets_at, scope, spent_usd }) => (
                <li key={`${scope} ${per}`}>
                  <div className="row spread">
                    <strong>{nameOf(scope)}</strong>
                    <span>
                      {spent_usd === null ? "up to" : `${Format.usd(spent_usd)} of`} {Format.usd(limit_usd)} per {per}
                    </span>
                  </div>
                  {spent_usd === null ? null : (
                    <Meter label={`Spent of the budget of ${nameOf(scope)}`} value={spent_usd} max={limit_usd} />
                  )}
                  <small>
                    {reserved_usd === null || reserved_usd === 0 ? null : `${Format.usd(reserved_usd)} held back. `}
                    {resets_at === null ? null : `Begins anew ${Format.time(resets_at)}.`}
                  </small>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
