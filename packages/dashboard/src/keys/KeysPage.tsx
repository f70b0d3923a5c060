/** Virtual keys: who may ask for what, and how much of it may be spent. */
import type { Key } from "@penstock/schema/api/KeysApi"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { useState } from "react"
import { useAsk, useTell } from "../api/Query.tsx"
import { Alert, Badge, Button, Empty, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { Budgets } from "../overview/Budgets.tsx"
import { NewKeyForm } from "./NewKeyForm.tsx"
import { type Secret, SecretDialog } from "./SecretDialog.tsx"

const budgetOf = ({ budget }: Key): string => (budget === null ? "none" : `${Format.usd(budget.usd)} per ${budget.per}`)

const State = ({ of }: { readonly of: Key }) => {
  if (of.disabled) return <Badge tone="bad">disabled</Badge>
  if (of.expires_at !== null && of.expires_at <= new Date().getTime()) return <Badge tone="warn">expired</Badge>
  return <Badge tone="good">in use</Badge>
}

const useKeyActions = (show: (secret: Secret) => void) => {
  const rotate = useTell(
    (api, name: string) =>
      Effect.map(api.keys.rotate({ path: { name }, payload: { grace: 0 } }), (issued) => show(secretOf(issued))),
    "keys"
  )
  const disable = useTell(
    (api, { disabled, name }: { readonly name: string; readonly disabled: boolean }) =>
      api.keys.update({ path: { name }, payload: { disabled } }),
    "keys"
  )
  const remove = useTell((api, name: string) => api.keys.remove({ path: { name } }), "keys", "budgets")
  return { rotate, disable, remove, failure: rotate.error ?? disable.error ?? remove.error }
}

const secretOf = ({ key, name }: { readonly name: string; readonly key: Redacted.Redacted }): Secret => ({
  name,
  text: Redacted.value(key)
})

/** The second press does it: a key that is gone does not come back. */
const Twice = ({ label, onConfirm }: { readonly label: string; readonly onConfirm: () => void }) => {
  const [asked, setAsked] = useState(false)
  return (
    <Button tone="danger" onClick={() => (asked ? onConfirm() : setAsked(true))}>
      {asked ? "Really?" : label}
    </Button>
  )
}

export const KeysPage = () => {
  const keys = useAsk(["keys"], (api) => api.keys.list())
  const [secret, setSecret] = useState<Secret | null>(null)
  const { disable, failure, remove, rotate } = useKeyActions(setSecret)
  return (
    <>
      <PageHead title="Keys and budgets" />
      {secret === null ? null : <SecretDialog secret={secret} onClose={() => setSecret(null)} />}
      {failure === null ? null : <Alert>{failure.message}</Alert>}
      <div className="panels">
        <Panel title="Keys" wide>
          <Loaded query={keys}>
            {({ keys }) =>
              keys.length === 0 ? (
                <Empty title="There are no keys">
                  Make one below. They are asked for when the configuration says <code>server.auth: keys</code>.
                </Empty>
              ) : (
                <Table
                  caption="Virtual keys"
                  rows={keys}
                  keyOf={({ name }) => name}
                  columns={[
                    { title: "Name", cell: ({ name }) => <strong>{name}</strong> },
                    { title: "State", cell: (key) => <State of={key} /> },
                    { title: "Begins with", cell: ({ prefix }) => <code>{prefix ?? "–"}</code> },
                    { title: "Models", cell: ({ models }) => models.join(", ") },
                    { title: "Budget", cell: budgetOf },
                    {
                      title: "Expires",
                      cell: ({ expires_at }) =>
                        expires_at === null ? "never" : Format.time(new Date(expires_at).toISOString())
                    },
                    {
                      title: "Change",
                      cell: ({ disabled, name, source }) =>
                        source === "config" ? (
                          <span className="fine">in the configuration file</span>
                        ) : (
                          <div className="row">
                            <Button label={`Rotate ${name}`} onClick={() => rotate.mutate(name)}>
                              Rotate
                            </Button>
                            <Button
                              label={`${disabled ? "Enable" : "Disable"} ${name}`}
                              onClick={() => disable.mutate({ name, disabled: !disabled })}
                            >
                              {disabled ? "Enable" : "Disable"}
                            </Button>
                            <Twice label="Delete" onConfirm={() => remove.mutate(name)} />
                          </div>
                        )
                    }
                  ]}
                />
              )
            }
          </Loaded>
        </Panel>
        <NewKeyForm onMade={(issued) => setSecret(secretOf(issued))} />
        <Budgets />
      </div>
    </>
  )
}
