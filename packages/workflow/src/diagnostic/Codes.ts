/**
 * Every code that a diagnostic can have, once: its severity and what it means in a line. Codes are stable; a meaning
 * that changes gets a new number, and a number that falls out of use is not given again.
 *
 * PS1xx syntax and shape, PS2xx names, PS3xx types, PS4xx models and prices, PS5xx tools, PS6xx safety.
 */
import * as Record from "effect/Record"

export type Severity = "error" | "warning" | "info"

export interface Meaning {
  readonly severity: Severity
  readonly meaning: string
}

const error = (meaning: string): Meaning => ({ severity: "error", meaning })
const warning = (meaning: string): Meaning => ({ severity: "warning", meaning })
const info = (meaning: string): Meaning => ({ severity: "info", meaning })

export const codes = {
  // Syntax and shape.
  PS101: error("The text is not valid YAML."),
  PS102: error("The file is larger than 1 MB, or holds too much."),
  PS103: error("The file holds bytes that are no text: it is not UTF-8, or it has control characters."),
  PS104: error("Values are nested too deep."),
  PS105: error("A key stands twice in one mapping."),
  PS106: error("A YAML tag (`!name`) is used; the language has none."),
  PS107: error("An alias is unknown, contains itself, or the aliases of the file expand to too much."),
  PS108: error("A tab indents a line; YAML accepts spaces only."),
  PS109: error("A key is not a plain name."),
  PS110: error("The file is empty."),
  PS111: error("The key does not exist here."),
  PS112: error("A required key is missing."),
  PS113: error("A value has the wrong shape."),
  PS114: error("There is no such step type."),
  PS120: error("An expression does not follow the grammar of CEL."),
  PS121: error("An expression is too long, too deep or nests too many loops."),
  PS122: error("A `${` is never closed."),
  PS123: error("The language does not have this part of CEL."),

  // Names.
  PS201: error("A name is not defined."),
  PS202: error("A value has no such field."),
  PS203: error("A step is used before it runs."),
  PS204: error("Two steps have the same id."),
  PS205: error("Two steps write the same output variable."),
  PS206: error("A name is taken by the language."),
  PS207: error("`needs` names a step that it cannot wait for."),
  PS208: error("Steps wait for each other in a circle."),
  PS209: error("An inner step's variable is used outside of its block."),
  PS210: error("The workflow has no output."),
  PS211: warning("A step can never run."),
  PS212: error("There is no such function."),
  PS213: warning("`a.b-c` is a subtraction; a name with a hyphen is written `a['b-c']`."),
  PS214: error("A workflow calls itself, directly or through others."),
  PS215: error("There is no such workflow."),
  PS216: warning("A text is just the name of a variable, without `${ }` around it."),
  PS217: error("There is no such secret."),

  // Types.
  PS301: error("A value has another type than what is expected of it."),
  PS302: error("An operator or function does not take these types."),
  PS303: error("A condition is not true or false."),
  PS304: error("`foreach` runs over something that is not a list."),
  PS305: warning("A field may be missing."),
  PS306: info("The workflow's output may be null, because a step may be skipped."),
  PS307: error("A schema is not understood."),
  PS308: warning("A value may be null."),

  // Models and prices.
  PS401: error("There is no such model."),
  PS402: warning("A budget is set, and no worst case can be told: a price or a number of rounds is not known."),
  PS403: error("A prompt does not fit in the model's context window."),
  PS404: warning("The worst case costs more than the budget."),
  PS405: error("`max_tokens` is more than the model can write."),
  PS406: error("A step has no model, and `defaults.model` is not set."),

  // Tools.
  PS501: error("There is no such MCP server."),
  PS502: error("The server has no such tool."),
  PS503: error("The tool does not take this argument."),
  PS504: error("The tool needs an argument that is not given."),
  PS505: error("An argument has the wrong type for the tool."),
  PS506: warning("There is no such MCP server now. It may be added; until then the call fails."),

  // Safety.
  PS601: error("A secret is used outside of the parameters of an MCP tool or an HTTP call."),
  PS602: error("The environment is not readable from a workflow."),
  PS603: error("The host of an HTTP call is not on the allow-list."),
  PS604: error("The host of an HTTP call is not fixed in the file."),
  PS605: error("A repetition has no bound, so that no worst case can be told."),
  PS606: error("A regular expression is not one that runs in linear time.")
} satisfies { readonly [code: `PS${number}`]: Meaning }

export type Code = keyof typeof codes

export const allCodes: ReadonlyArray<Code> = Record.keys(codes)

const sections: { readonly [hundred: string]: string } = {
  "1": "Syntax and shape",
  "2": "Names",
  "3": "Types",
  "4": "Models and prices",
  "5": "Tools",
  "6": "Safety"
}

/** The table as `docs/diagnostics.md` shows it. */
export const toMarkdown = (): string => {
  const lines = [
    "# Diagnostics",
    "",
    "What `penstock check` can say about a workflow file. Generated from `packages/workflow/src/diagnostic/Codes.ts`."
  ]
  for (const [hundred, title] of Object.entries(sections)) {
    lines.push("", `## ${title}`, "", "| code | severity | meaning |", "| --- | --- | --- |")
    for (const code of allCodes) {
      if (code[2] === hundred) lines.push(`| ${code} | ${codes[code].severity} | ${codes[code].meaning} |`)
    }
  }
  return `${lines.join("\n")}\n`
}
