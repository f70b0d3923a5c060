/** What the checker found, in the order of the file. */
import type { Diagnostic } from "@penstock/schema/api/ApiError"
import { Badge, type Tone } from "../design/Parts.tsx"

const tones: { readonly [S in Diagnostic["severity"]]: Tone } = { error: "bad", warning: "warn", info: "info" }

/** More than anybody reads. */
const most = 100

export const Diagnostics = ({ diagnostics }: { readonly diagnostics: ReadonlyArray<Diagnostic> }) => (
  <div role="status">
    {diagnostics.length === 0 ? (
      <p className="fine">No findings.</p>
    ) : (
      <ul className="findings">
        {diagnostics.slice(0, most).map(({ code, hint, message, range: { start }, severity }) => (
          <li key={`${start.line}:${start.column} ${code} ${message}`}>
            <Badge tone={tones[severity]}>{code}</Badge> line {start.line}: {message}
            {hint === undefined ? null : <small> {hint}</small>}
          </li>
        ))}
      </ul>
    )}
  </div>
)
