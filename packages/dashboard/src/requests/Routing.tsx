/** Where a request for this model would go now, and why: every candidate, kept or dropped. */
import { useAsk } from "../api/Query.tsx"
import { Badge, Loaded, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"

export const Routing = ({ model }: { readonly model: string }) => {
  const explanation = useAsk(["explain", model], (api) => api.routing.explain({ payload: { model } }))
  return (
    <Panel title="Where it would go now">
      <Loaded query={explanation}>
        {({ candidates, matched, matched_by, policy, strategy }) => (
          <>
            <p>
              <code>{model}</code>{" "}
              {matched_by === "none" ? "matches nothing" : `is matched by the ${matched_by} ${matched ?? ""}`}
              {strategy === undefined ? "." : `; targets are taken ${strategy}.`}
            </p>
            <Table
              caption="Candidates for this model"
              rows={candidates.map((candidate, index) => ({ candidate, index }))}
              keyOf={({ index }) => index}
              columns={[
                {
                  title: "",
                  cell: ({ candidate: { kept } }) => (
                    <Badge tone={kept ? "good" : "plain"}>{kept ? "kept" : "dropped"}</Badge>
                  )
                },
                { title: "Target", cell: ({ candidate }) => `${candidate.provider}/${candidate.model}` },
                { title: "Why", cell: ({ candidate }) => candidate.reason },
                { title: "Breaker", cell: ({ candidate }) => candidate.breaker?.state ?? "closed" }
              ]}
            />
            {policy === undefined ? null : (
              <p className="fine">
                Up to {Format.counted(policy.retry.max + 1, "attempt")} per target; first token within{" "}
                {Format.duration(policy.timeout.first_token)}, whole answer within{" "}
                {Format.duration(policy.timeout.total)}. The next target follows on {policy.fallback_on.join(", ")}.
              </p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}
