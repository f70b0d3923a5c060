/** A page of requests. Rows that are not looked at are not in the document: a page may be long, and it changes often. */
import type { RequestRow } from "@penstock/schema/LedgerEntry"
import { useVirtualizer } from "@tanstack/react-virtual"
import { useRef } from "react"
import { Link } from "wouter"
import { Badge } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"
import { toneOf } from "./Tones.ts"

const rowHeight = 34

const Row = ({ request, search }: { readonly request: RequestRow; readonly search: string }) => (
  <>
    <td>
      <Link href={`/requests/${request.id}${search}`}>{Format.time(request.timestamp)}</Link>
    </td>
    <td>
      <Badge tone={toneOf(request.status)}>{request.status}</Badge>
    </td>
    <td title={request.requested_model}>{request.requested_model}</td>
    <td title={`${request.provider}/${request.model}`}>
      {request.provider}/{request.model}
    </td>
    <td>{request.key_name ?? "–"}</td>
    <td>{request.workflow_name ?? "–"}</td>
    <td className="figure-cell">{request.status === "open" ? "–" : Format.count(request.total_tokens)}</td>
    <td className="figure-cell">{request.status === "open" ? "–" : Format.usd(request.cost_usd)}</td>
    <td className="figure-cell">{Format.duration(request.latency_ms)}</td>
    <td className="figure-cell">{Format.count(request.attempts)}</td>
  </>
)

const titles = ["Time", "Status", "Asked for", "Answered by", "Key", "Workflow"]
const figures = ["Tokens", "Cost", "Latency", "Attempts"]

export const RequestTable = ({
  requests,
  search
}: {
  readonly requests: ReadonlyArray<RequestRow>
  readonly search: string
}) => {
  const box = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: requests.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12
  })
  const shown = rows.getVirtualItems()
  const above = shown[0]?.start ?? 0
  const below = rows.getTotalSize() - (shown.at(-1)?.end ?? 0)
  return (
    <div ref={box} className="scroll tall" tabIndex={0} role="region" aria-label="Requests">
      <table aria-rowcount={requests.length + 1}>
        <thead>
          <tr>
            {titles.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            {figures.map((title) => (
              <th key={title} scope="col" className="figure-cell">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr aria-hidden="true" style={{ height: above }} />
          {shown.map(({ index }) => {
            const request = requests[index]
            return request === undefined ? null : (
              <tr key={request.id} aria-rowindex={index + 2}>
                <Row request={request} search={search} />
              </tr>
            )
          })}
          <tr aria-hidden="true" style={{ height: below }} />
        </tbody>
      </table>
    </div>
  )
}
