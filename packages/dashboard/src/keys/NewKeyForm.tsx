/** Makes a key. */
import type { IssuedKey } from "@penstock/schema/api/KeysApi"
import { type FormEvent, useState } from "react"
import { useTell } from "../api/Query.tsx"
import { Alert, Button, Field, Panel } from "../design/Parts.tsx"

const windows = ["hour", "day", "week", "month", "total"] as const
type Window = (typeof windows)[number]

interface Wanted {
  readonly name: string
  readonly models: ReadonlyArray<string>
  readonly budget: { readonly usd: number; readonly per: Window } | null
}

const isWindow = (text: string): text is Window => windows.some((window) => window === text)

const listed = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")

export const NewKeyForm = ({ onMade }: { readonly onMade: (key: IssuedKey) => void }) => {
  const [name, setName] = useState("")
  const [models, setModels] = useState("*")
  const [usd, setUsd] = useState("")
  const [per, setPer] = useState<Window>("day")
  const [problem, setProblem] = useState<string | null>(null)
  const make = useTell(
    (api, wanted: Wanted) => api.keys.create({ payload: { ...wanted, rate: null, expires_at: null } }),
    "keys",
    "budgets"
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const amount = usd.trim() === "" ? null : Number(usd)
    if (amount !== null && !(amount > 0)) return setProblem("The budget is an amount in USD, such as 2.50.")
    setProblem(null)
    make.mutate(
      { name: name.trim(), models: listed(models), budget: amount === null ? null : { usd: amount, per } },
      {
        onSuccess: (key) => {
          setName("")
          onMade(key)
        }
      }
    )
  }
  const failure = problem ?? make.error?.message
  return (
    <Panel title="Make a key">
      <form className="form" onSubmit={submit}>
        <Field label="Name" hint="1 to 64 letters, digits, . _ @ or -">
          <input value={name} onChange={({ target }) => setName(target.value)} />
        </Field>
        <Field label="Models" hint="Names or patterns with *, separated by commas">
          <input value={models} onChange={({ target }) => setModels(target.value)} />
        </Field>
        <div className="row">
          <Field label="Budget, USD">
            <input inputMode="decimal" size={8} value={usd} onChange={({ target }) => setUsd(target.value)} />
          </Field>
          <Field label="Per">
            <select value={per} onChange={({ target: { value } }) => isWindow(value) && setPer(value)}>
              {windows.map((window) => (
                <option key={window}>{window}</option>
              ))}
            </select>
          </Field>
        </div>
        {failure === undefined ? null : <Alert>{failure}</Alert>}
        <div>
          <Button submit tone="primary" disabled={make.isPending}>
            Make the key
          </Button>
        </div>
      </form>
    </Panel>
  )
}
