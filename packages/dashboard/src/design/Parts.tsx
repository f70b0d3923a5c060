/** The few parts that every page is made of. */
import type { UseQueryResult } from "@tanstack/react-query"
import { type ReactNode, useId } from "react"
import type { Problem } from "../api/Problem.ts"

export type Tone = "plain" | "good" | "warn" | "bad" | "info"

interface WithChildren {
  readonly children?: ReactNode
}

export const PageHead = ({ children, title }: WithChildren & { readonly title: string }) => (
  <div className="page-head">
    <h1>{title}</h1>
    <div className="row">{children}</div>
  </div>
)

export const Panel = ({
  actions,
  children,
  title,
  wide = false
}: WithChildren & { readonly title: string; readonly actions?: ReactNode; readonly wide?: boolean }) => {
  const id = useId()
  return (
    <section className={wide ? "panel wide" : "panel"} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** One figure with what it is and what it is measured by. */
export const Figure = ({
  label,
  note,
  tone = "plain",
  value
}: {
  readonly label: string
  readonly value: ReactNode
  readonly note?: ReactNode
  readonly tone?: Tone
}) => (
  <div className={`figure ${tone}`}>
    <dt>{label}</dt>
    <dd>{value}</dd>
    {note === undefined ? null : <dd className="note">{note}</dd>}
  </div>
)

export const Badge = ({ children, tone = "plain" }: WithChildren & { readonly tone?: Tone }) => (
  <span className={`badge ${tone}`}>{children}</span>
)

export const Alert = ({ children, tone = "bad" }: WithChildren & { readonly tone?: Tone }) => (
  <div role="alert" className={`alert ${tone}`}>
    {children}
  </div>
)

/** What is not there, and what to do so that it is. */
export const Empty = ({ children, title }: WithChildren & { readonly title: string }) => (
  <div className="empty">
    <p className="empty-title">{title}</p>
    <div>{children}</div>
  </div>
)

export const Button = ({
  children,
  disabled = false,
  label,
  onClick,
  submit = false,
  tone = "plain"
}: WithChildren & {
  readonly onClick?: () => void
  readonly disabled?: boolean
  readonly submit?: boolean
  readonly label?: string
  readonly tone?: "plain" | "primary" | "danger"
}) => (
  <button
    type={submit ? "submit" : "button"}
    className={`button ${tone}`}
    disabled={disabled}
    onClick={onClick}
    aria-label={label}
  >
    {children}
  </button>
)

export const Field = ({ children, hint, label }: WithChildren & { readonly label: string; readonly hint?: string }) => (
  <label className="field">
    <span>{label}</span>
    {children}
    {hint === undefined ? null : <small>{hint}</small>}
  </label>
)

/** What a question got: nothing yet, a refusal, or an answer. An old answer is better than none. */
export const Loaded = <A,>({
  children,
  query
}: {
  readonly query: UseQueryResult<A, Problem>
  readonly children: (answer: A) => ReactNode
}) => {
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) return <Alert>{query.error.message}</Alert>
  return <p className="waiting">Loading…</p>
}

/** How much of something is used, as a bar. */
export const Meter = ({
  label,
  max,
  value
}: {
  readonly label: string
  readonly value: number
  readonly max: number
}) => {
  const used = max === 0 ? 1 : Math.min(1, value / max)
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      className={used >= 0.9 ? "meter bad" : used >= 0.7 ? "meter warn" : "meter"}
    >
      <div style={{ width: `${100 * used}%` }} />
    </div>
  )
}
