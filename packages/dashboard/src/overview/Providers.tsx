/** Who answers: whether each provider can be called, how it has done lately, and which of its models are left alone. */
import type { ProviderState } from "@penstock/schema/api/StatusApi"
import type { TrafficReport } from "@penstock/schema/Traffic"
import { useAsk } from "../api/Query.tsx"
import { Badge, Loaded, Panel, type Tone } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"

type Breakers = TrafficReport["breakers"]

const health = ({ configured, ready }: ProviderState): readonly [Tone, string] =>
  ready ? ["good", "ready"] : configured ? ["bad", "not reachable"] : ["plain", "not configured"]

const breakerTones = { closed: "plain", half_open: "warn", open: "bad" } as const
const breakerNames = { closed: "closed", half_open: "half open", open: "open" } as const

const BreakerBadges = ({ breakers }: { readonly breakers: Breakers }) =>
  breakers.length === 0
    ? "closed"
    : breakers.map(({ failures, model, retry_at, state }) => (
        <Badge key={model} tone={breakerTones[state]}>
          {model}: {breakerNames[state]}, {Format.counted(failures, "failure")}
          {retry_at === null ? "" : `, tried again ${Format.time(retry_at)}`}
        </Badge>
      ))

export const Providers = ({
  breakers,
  traffic
}: {
  readonly breakers: Breakers
  readonly traffic: TrafficReport["providers"]
}) => {
  // Each look asks every provider, which is nothing to do every other second.
  const ready = useAsk(["ready"], (api) => api.status.ready(), { every: 15_000 })
  return (
    <Panel title="Providers" wide>
      <Loaded query={ready}>
        {({ providers }) => (
          <Table
            caption="Providers and how they are"
            rows={Object.entries(providers).map(([name, state]) => ({
              name,
              state,
              lately: traffic.find(({ provider }) => provider === name),
              breakers: breakers.filter(({ provider }) => provider === name)
            }))}
            keyOf={({ name }) => name}
            columns={[
              { title: "Provider", cell: ({ name }) => <strong>{name}</strong> },
              {
                title: "State",
                cell: ({ state }) => {
                  const [tone, text] = health(state)
                  return <Badge tone={tone}>{text}</Badge>
                }
              },
              { title: "Breakers", cell: ({ breakers }) => <BreakerBadges breakers={breakers} /> },
              { title: "Requests", figure: true, cell: ({ lately }) => Format.count(lately?.requests ?? 0) },
              {
                title: "Errors",
                figure: true,
                cell: ({ lately }) => Format.share(lately?.errors ?? 0, lately?.requests ?? 0)
              },
              { title: "p50", figure: true, cell: ({ lately }) => Format.duration(lately?.p50_ms) },
              { title: "p95", figure: true, cell: ({ lately }) => Format.duration(lately?.p95_ms) },
              { title: "What is wrong", cell: ({ state }) => state.reason ?? "" }
            ]}
          />
        )}
      </Loaded>
    </Panel>
  )
}
