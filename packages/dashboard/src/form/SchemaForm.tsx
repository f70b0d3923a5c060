/** The form of a schema, and what to do with what was typed. */
import { type FormEvent, useState } from "react"
import { Alert, Button, Field as Labelled } from "../design/Parts.tsx"
import { type Field, fieldsOf, read, type Typed } from "@penstock/workflow/types/Form"

const Input = ({
  field,
  onChange,
  value
}: {
  readonly field: Field
  readonly value: string
  readonly onChange: (text: string) => void
}) => {
  switch (field.kind) {
    case "choice":
      return (
        <select value={value} onChange={({ target }) => onChange(target.value)}>
          {field.required ? null : <option value="">–</option>}
          {field.required && value === "" ? <option value="">choose</option> : null}
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )
    case "boolean":
      return (
        <input type="checkbox" checked={value === "true"} onChange={({ target }) => onChange(String(target.checked))} />
      )
    case "number":
      return <input inputMode="decimal" value={value} onChange={({ target }) => onChange(target.value)} />
    default:
      return (
        <textarea
          rows={field.kind === "json" ? 3 : 2}
          className={field.kind === "json" ? "mono" : undefined}
          placeholder={field.kind === "json" ? "JSON" : undefined}
          value={value}
          onChange={({ target }) => onChange(target.value)}
        />
      )
  }
}

export const SchemaForm = ({
  busy,
  onSubmit,
  schema,
  submit
}: {
  readonly schema: unknown
  readonly submit: string
  readonly busy: boolean
  readonly onSubmit: (value: { readonly [name: string]: unknown }) => void
}) => {
  const [typed, setTyped] = useState<Typed>({})
  const [problem, setProblem] = useState<string | null>(null)
  const fields = fieldsOf(schema)
  const send = (event: FormEvent) => {
    event.preventDefault()
    const found = read(fields, typed)
    setProblem("problem" in found ? found.problem : null)
    if ("value" in found) onSubmit(found.value)
  }
  return (
    <form className="form" onSubmit={send}>
      {fields.length === 0 ? <p className="fine">It takes nothing.</p> : null}
      {fields.map((field) => (
        <Labelled
          key={field.name}
          label={field.required ? `${field.title} (needed)` : field.title}
          {...(field.hint === "" ? {} : { hint: field.hint })}
        >
          <Input
            field={field}
            value={typed[field.name] ?? field.initial}
            onChange={(text) => setTyped({ ...typed, [field.name]: text })}
          />
        </Labelled>
      ))}
      {problem === null ? null : <Alert>{problem}</Alert>}
      <div>
        <Button submit tone="primary" disabled={busy}>
          {busy ? "Working…" : submit}
        </Button>
      </div>
    </form>
  )
}
