/**
 * What a person sees at the address of an approval: the question, the fields of its form and two buttons. To open it
 * changes nothing: programs that look through mails open every address.
 */
import { isObject } from "@penstock/gateway/wire/Json"
import type { RunAsked } from "@penstock/schema/api/RunsApi"
import type { GatewayError } from "@penstock/schema/GatewayError"
import * as Form from "@penstock/workflow/types/Form"
import { escape, page } from "./Html.ts"

/** What a form sends: the answer is under its own name, the fields behind a mark of theirs. */
const mark = "field:"

const told = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2))

const option = (value: string, label: string, chosen: boolean) =>
  `<option value="${escape(value)}"${chosen ? " selected" : ""}>${escape(label)}</option>`

const select = (attributes: string, choices: ReadonlyArray<readonly [value: string, label: string]>, value: string) =>
  `<select ${attributes}>${[["", ""] as const, ...choices].map(([one, label]) => option(one, label, one === value)).join("")}</select>`

const input = (field: Form.Field, value: string): string => {
  const { choices, kind, name } = field
  const attributes = `id="${escape(mark + name)}" name="${escape(mark + name)}"`
  switch (kind) {
    case "choice":
      return select(
        attributes,
        choices.map((choice) => [choice, choice]),
        value
      )
    case "boolean":
      return select(
        attributes,
        [
          ["true", "yes"],
          ["false", "no"]
        ],
        value
      )
    case "number":
      return `<input ${attributes} type="number" step="any" value="${escape(value)}">`
    case "json":
      return `<textarea ${attributes} rows="4" spellcheck="false">${escape(value)}</textarea>`
    case "text":
      return `<textarea ${attributes} rows="2">${escape(value)}</textarea>`
  }
}

const labelled = (field: Form.Field, typed: Form.Typed): string => {
  const { hint, initial, kind, name, required, title } = field
  const more = [
    ...(required ? [] : ["may be left empty"]),
    ...(kind === "json" ? ["as JSON"] : []),
    ...(hint === "" ? [] : [hint])
  ]
  return `<label for="${escape(mark + name)}">${escape(title)} <small>${escape(more.join("; "))}</small></label>
${input(field, typed[name] ?? initial)}`
}

/** `typed` and `wrong`: what was sent before, and why it was not taken. */
export const question = (
  { run_id: runId, step, waiting: { form, prompt }, workflow }: RunAsked,
  wrong: string | null = null,
  typed: Form.Typed = {}
): string =>
  page(
    `${workflow} asks`,
    `<h1>${escape(workflow)} <small>asks</small></h1>
<pre>${escape(told(prompt))}</pre>
${wrong === null ? "" : `<p class="wrong" role="alert">${escape(wrong)}</p>`}
<form method="post">
${Form.fieldsOf(form)
  .map((field) => labelled(field, typed))
  .join("\n")}
<button type="submit" hidden></button>
<button name="approved" value="true">Approve</button><button class="no" name="approved" value="false">Reject</button>
</form>
<p><small>Step ${escape(step)} of the run ${escape(runId)}. The first answer counts.</small></p>`
  )

/** A `wait` step: what it takes is no answer of a person. */
export const event = ({ run_id: runId, waiting, workflow }: RunAsked): string =>
  page(
    `${workflow} waits`,
    `<h1>${escape(workflow)} <small>waits</small></h1>
<p>The run ${escape(runId)} waits for ${waiting.event === undefined || waiting.event === null ? "a time" : `the event <code>${escape(waiting.event)}</code>: send its data here with POST, as JSON`}.</p>`
  )

const headline = (body: unknown): string => (isObject(body) && body["approved"] === true ? "Approved" : "Rejected")

/** The answer was taken. */
export const thanks = ({ run_id: runId, step, workflow }: RunAsked, body: unknown): string =>
  page(
    headline(body),
    `<h1>${headline(body)}</h1>
<p>Your answer to the step ${escape(step)} of ${escape(workflow)} was recorded, and the run ${escape(runId)} goes on. You may close this page.</p>`
  )

const titles: { readonly [code: string]: string } = {
  invalid_token: "This address does not fit",
  already_answered: "It was answered before",
  not_waiting: "Nothing is asked yet"
}

export const failure = ({ code, message, status }: GatewayError): string => {
  const title =
    (code === undefined ? undefined : titles[code]) ??
    (status === 404 ? "There is nothing to answer" : "That did not work")
  return page(title, `<h1>${escape(title)}</h1>\n<p>${escape(message)}</p>`)
}

export interface Sent {
  readonly typed: Form.Typed
  /** What the signal carries, or why there is none. */
  readonly answer: { readonly body: { readonly [name: string]: unknown } } | { readonly problem: string }
}

/** What the form of this page sent, as the body of a signal. */
export const read = (text: string, form: unknown): Sent => {
  const sent = new URLSearchParams(text)
  const fields = Form.fieldsOf(form)
  const typed = Object.fromEntries(
    fields.map(({ name }) => [name, (sent.get(mark + name) ?? "").replaceAll("\r\n", "\n")])
  )
  const approved = sent.get("approved")
  if (approved !== "true" && approved !== "false")
    return { typed, answer: { problem: "Choose to approve or to reject." } }
  // Whoever says no need not fill in anything, and may say why.
  const asked = approved === "true" ? fields : fields.filter(({ name }) => typed[name]?.trim() !== "")
  const values = Form.read(asked, typed)
  return {
    typed,
    answer: "problem" in values ? values : { body: { ...values.value, approved: approved === "true" } }
  }
}
