/** One request: what it was, every call that was made for it, and why it went where it went. */
import type { RequestRow } from "@penstock/schema/LedgerEntry"
import { useAsk } from "../api/Query.tsx"
import { Alert, Badge, Empty, Figure, Loaded, Panel } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"
import { Routing } from "./Routing.tsx"
import { toneOf } from "./Tones.ts"
import { AttemptWaterfall } from "./AttemptWaterfall.tsx"

const Facts = ({ request }: { readonly request: RequestRow }) => (
  <dl className="facts">
    {Object.entries({
      Id: request.id,
      Time: request.timestamp,
      Endpoint: request.endpoint,
      "Asked for": request.requested_model,
      "Answered by": `${request.provider}/${request.model}`,
      Key: request.key_name ?? "none",
      Workflow: request.workflow_name ?? "none",
      Streamed: request.stream ? "yes" : "no",
      "Tokens in": Format.count(request.prompt_tokens),
      "…read from the provider’s cache": Format.count(request.cache_read_tokens),
      "Tokens out": Format.count(request.completion_tokens),
      "…of which reasoning": Format.count(request.reasoning_tokens),
      "Counted by": request.estimated ? "this gateway, as an estimate" : "the provider",
      "Saved by the cache": request.saved_usd === null ? "nothing" : Format.usd(request.saved_usd)
    }).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

export const RequestDetails = ({ id }: { readonly id: string }) => {
  const detail = useAsk(["request", id], (api) => api.ledger.request({ path: { id } }))
  return (
    <Loaded query={detail}>
      {({ attempts, request }) => (
        <>
          <dl className="figures">
            <Figure label="Status" value={<Badge tone={toneOf(request.status)}>{request.status}</Badge>} />
            <Figure label="Cost" value={Format.usd(request.cost_usd)} note="USD" />
            <Figure label="Tokens" value={Format.count(request.total_tokens)} />
            <Figure
              label="Latency"
              value={Format.duration(request.latency_ms)}
              note={
                request.first_token_ms === null ? undefined : `first token ${Format.duration(request.first_token_ms)}`
              }
            />
            <Figure label="Attempts" value={Format.count(request.attempts)} />
          </dl>
          {request.error === null ? null : <Alert>{Format.bounded(request.error, 4000)}</Alert>}
          <div className="panels">
            <Panel title="Attempts" wide>
              {attempts.length === 0 ? (
                <Empty title="No call was made for it">
                  {request.status === "open"
                    ? "It is still under way; its attempts are shown when it is settled."
                    : "It was answered from the cache, or refused before any provider was asked."}
                </Empty>
              ) : (
                <AttemptWaterfall attempts={attempts} request={request} />
              )}
            </Panel>
            <Panel title="The request">
              <Facts request={request} />
            </Panel>
            <Routing model={request.requested_model} />
          </div>
        </>
      )}
    </Loaded>
  )
}
