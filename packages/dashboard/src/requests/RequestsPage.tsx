/** Every request: which there were, and what became of one. */
import { Link, useLocation, useParams, useSearch } from "wouter"
import { useAsk } from "../api/Query.tsx"
import { Empty, Field, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { Pager, usePages } from "../design/Pager.tsx"
import * as Format from "../format/Format.ts"
import { CsvButton } from "./CsvButton.tsx"
import * as Filter from "./Filter.ts"
import { RequestDetails } from "./RequestDetails.tsx"
import { RequestTable } from "./RequestTable.tsx"

const titles: { readonly [F in Filter.Field]: string } = {
  model: "Model",
  provider: "Provider",
  key: "Key",
  workflow: "Workflow"
}
const statuses = ["ok", "error", "partial", "interrupted", "open"] as const
const pageSize = 200

/** Takes effect when it is left or entered: each change is a question to the ledger. */
const TextFilter = ({
  label,
  onChange,
  value
}: {
  readonly label: string
  readonly value: string
  readonly onChange: (text: string) => void
}) => (
  <Field label={label}>
    <input
      key={value}
      defaultValue={value}
      size={14}
      onBlur={({ target }) => target.value.trim() !== value && onChange(target.value.trim())}
      onKeyDown={({ currentTarget, key }) => key === "Enter" && onChange(currentTarget.value.trim())}
    />
  </Field>
)

const List = ({ filter, search }: { readonly filter: Filter.Filter; readonly search: string }) => {
  const pages = usePages()
  const { cursor } = pages
  const page = useAsk(
    ["requests", search, cursor],
    (api) =>
      api.ledger.requests({ urlParams: { ...filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) } }),
    // Only the newest page changes.
    cursor === undefined ? { every: 2000 } : {}
  )
  return (
    <Loaded query={page}>
      {({ next, requests }) =>
        requests.length === 0 ? (
          <Empty title={search === "" ? "No request yet" : "No request is like that"}>
            {search === ""
              ? "Point an OpenAI client at this server, or send something from the playground."
              : "Model, provider, key and workflow are compared as a whole, as the list shows them."}
          </Empty>
        ) : (
          <>
            <RequestTable requests={requests} search={search} />
            <Pager pages={pages} next={next} shown={Format.counted(requests.length, "request")} />
          </>
        )
      }
    </Loaded>
  )
}

export const RequestsPage = () => {
  const { id } = useParams<{ id?: string }>()
  const search = useSearch()
  const [, navigate] = useLocation()
  const filter = Filter.fromSearch(search)
  const canonical = Filter.toSearch(filter)
  const change = (part: keyof Filter.Filter) => (text: string) =>
    navigate(`/requests${Filter.toSearch(Filter.changed(filter, part, text))}`)
  if (id !== undefined) {
    return (
      <>
        <PageHead title="Request">
          <Link href={`/requests${canonical}`}>Back to the list</Link>
        </PageHead>
        <RequestDetails id={id} />
      </>
    )
  }
  return (
    <>
      <PageHead title="Requests">
        <CsvButton search={canonical} />
      </PageHead>
      <Panel title="Newest first">
        <div className="filters">
          {Filter.fields.map((field) => (
            <TextFilter key={field} label={titles[field]} value={filter[field] ?? ""} onChange={change(field)} />
          ))}
          <Field label="Status">
            <select value={filter.status ?? ""} onChange={({ target }) => change("status")(target.value)}>
              <option value="">any</option>
              {statuses.map((status) => (
                <option key={status} value={status}>
                  {status}
                </option>
              ))}
            </select>
          </Field>
          {canonical === "" ? null : <Link href="/requests">Show all</Link>}
        </div>
        <List key={canonical} filter={filter} search={canonical} />
      </Panel>
    </>
  )
}
