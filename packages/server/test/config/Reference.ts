/** The reference of the configuration, written from its Schema: every key with its type, default and meaning. */
import { builtIn, FailoverConfig, failoverFields } from "@penstock/schema/config/Failover"
import { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import { variables } from "@penstock/server/config/Overrides"
import { renderPath } from "@penstock/server/config/ConfigIssue"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

export interface Key {
  /** As in `providers.<name>.api_key`. */
  readonly name: string
  readonly type: string
  /** As the file would write it; null where nothing stands for the key that is left out. */
  readonly fallback: string | null
  readonly required: boolean
  readonly meaning: string | null
}

const withoutUndefined = (ast: SchemaAST.AST): SchemaAST.AST =>
  SchemaAST.isUnion(ast) ? SchemaAST.Union.make(ast.types.filter((type) => !SchemaAST.isUndefinedKeyword(type))) : ast

/** The struct or record that a schema is about, with both of its sides. */
const written = (ast: SchemaAST.AST): SchemaAST.TypeLiteral | null => {
  if (SchemaAST.isTypeLiteral(ast)) return ast
  return SchemaAST.isTransformation(ast) && SchemaAST.isTypeLiteral(ast.from) ? ast.from : null
}

const described = (annotated: SchemaAST.Annotated): string | null =>
  Option.getOrNull(SchemaAST.getDescriptionAnnotation(annotated))

const plain = new Set(["a string", "a number", "a boolean"])

/** What may be written, in words or as the choices that there are. */
const typeOf = (ast: SchemaAST.AST): string => {
  if (SchemaAST.isLiteral(ast)) return `\`${String(ast.literal)}\``
  if (SchemaAST.isBooleanKeyword(ast)) return "`true` or `false`"
  if (SchemaAST.isUnion(ast) && ast.types.every(SchemaAST.isLiteral)) return ast.types.map(typeOf).join(", ")
  const description = described(ast)
  if (description !== null && !plain.has(description)) return description
  if (SchemaAST.isRefinement(ast)) return typeOf(ast.from)
  if (SchemaAST.isTransformation(ast)) return typeOf(ast.from)
  if (SchemaAST.isTupleType(ast)) {
    const [element] = ast.rest
    return element === undefined ? "a list" : `a list: ${typeOf(element.type)}`
  }
  if (SchemaAST.isTypeLiteral(ast)) return "a mapping"
  return description ?? "anything"
}

/** What stands in a list or behind a name, so that its keys are shown, too. */
const within = (ast: SchemaAST.AST): { readonly ast: SchemaAST.AST; readonly suffix: string } | null => {
  if (SchemaAST.isRefinement(ast)) return within(ast.from)
  if (SchemaAST.isTupleType(ast)) {
    const element = ast.rest[0]?.type
    return element === undefined ? null : { ast: element, suffix: "[]" }
  }
  const literal = written(ast)
  if (literal !== null && literal.indexSignatures[0] !== undefined) {
    return { ast: literal.indexSignatures[0].type, suffix: ".<name>" }
  }
  if (literal !== null) return { ast, suffix: "" }
  if (!SchemaAST.isUnion(ast)) return null
  const mapping = ast.types.find((type) => written(type) !== null)
  return mapping === undefined ? null : { ast: mapping, suffix: "" }
}

/** What stands for a key that is left out, in the file's own words. */
const fallbackOf = (struct: SchemaAST.AST, name: PropertyKey, type: SchemaAST.AST): unknown => {
  if (!SchemaAST.isTransformation(struct) || !SchemaAST.isTypeLiteralTransformation(struct.transformation))
    return undefined
  const transformed = struct.transformation.propertySignatureTransformations.find(({ from }) => from === name)
  const value = transformed === undefined ? Option.none<unknown>() : transformed.decode(Option.none())
  return Option.isNone(value)
    ? undefined
    : Schema.encodeUnknownSync(Schema.make<unknown, unknown, never>(type))(value.value)
}

const shown = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (Array.isArray(value))
    return value.some(isRecord) ? null : `[${value.map((each) => JSON.stringify(each)).join(", ")}]`
  if (isRecord(value)) return Object.keys(value).length === 0 ? "{}" : null
  return String(value)
}

/** What a name of one's own takes over from `defaults`: explained there. */
const inherited = new RegExp(`^models\\.<name>\\.(?:${Object.keys(failoverFields).join("|")})$`)

const failover: { readonly [key: string]: unknown } = Schema.encodeSync(FailoverConfig)(builtIn)

/** The built-in values of `defaults`, which the Schema leaves open. */
const ofFailover = (name: string): unknown => {
  const [section, ...path] = name.split(".")
  if (section !== "defaults" || path.length === 0) return undefined
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), failover)
}

const keysOf = (ast: SchemaAST.AST, parent: string): ReadonlyArray<Key> => {
  const literal = written(ast)
  if (literal === null) return []
  const decoded = SchemaAST.isTransformation(ast) && SchemaAST.isTypeLiteral(ast.to) ? ast.to : literal
  return literal.propertySignatures.flatMap((signature) => {
    const name = parent === "" ? String(signature.name) : `${parent}.${String(signature.name)}`
    const type = withoutUndefined(signature.type)
    const own = decoded.propertySignatures.find((property) => property.name === signature.name)
    const meaning = own === undefined ? null : (described(own) ?? described(signature))
    const key: Key = {
      name,
      type: typeOf(type),
      fallback: shown(ofFailover(name) ?? fallbackOf(ast, signature.name, type)),
      required: !signature.isOptional,
      meaning
    }
    if (inherited.test(name)) {
      return [
        { ...key, meaning: `${meaning ?? ""}: as \`${name.replace("models.<name>", "defaults")}\`, which it overrules` }
      ]
    }
    return [key, ...keysWithin(type, name)]
  })
}

/** Below a list or a name the path goes on with what stands for its entries. */
const keysWithin = (type: SchemaAST.AST, name: string): ReadonlyArray<Key> => {
  const inner = within(type)
  if (inner === null) return []
  return inner.suffix === "" ? keysOf(inner.ast, name) : keysWithin(inner.ast, `${name}${inner.suffix}`)
}

/** Every key, in the order of the Schema. */
export const keys: ReadonlyArray<Key> = keysOf(PenstockFile.ast, "")

const cell = (text: string): string => text.replaceAll("|", "\\|")

const row = ({ fallback, meaning, name, required, type }: Key): string => {
  const variable = variables.find((candidate) => renderPath(candidate.path) === name)?.name
  const standing = required ? "required" : fallback === null ? "" : `\`${fallback}\``
  const from = variable === undefined ? "" : ` (environment: \`${variable}\`)`
  return `| \`${name}\` | ${cell(type)} | ${cell(standing)} | ${cell(meaning ?? "")}${from} |`
}

export const sectionOf = ({ name }: Key): string => /^\w+/.exec(name)?.[0] ?? ""

/** The part of the example file that is about a section, with what is commented out. */
export const exampleOf = (example: string, section: string): string => {
  const lines = example.split("\n")
  const starts = (line: string): boolean => new RegExp(`^(?:# )?${section}:`).test(line)
  const begin = lines.findIndex(starts)
  if (begin < 0) return ""
  const commented = lines[begin]?.startsWith("# ") ?? false
  const end = lines.findIndex((line, at) => at > begin && line === "")
  return lines
    .slice(begin, end < 0 ? lines.length : end)
    .filter((line) => line !== "")
    .map((line) => (commented ? line.replace(/^# /, "") : line))
    .join("\n")
}

const preface = `# Configuration

Every key of \`penstock.yaml\`. This page is written from the Schema that the file is read with (\`npm run docs\`), so that
it says what the program does.

- Every key is optional but those that are called required, and those only where the mapping around them is written.
- A misspelt key is an error, with file, line, column and what was meant. \`penstock config\` checks a file and prints what
  is in force, with its secrets redacted; \`penstock init\` writes one to begin with.
- A variable of the environment wins over the file, and a flag over both. \`.env\` beside the file counts as environment.
- \`"\${env.NAME}"\` in a text stands for a variable; a provider whose key is not set is skipped, and says so.
- Durations are written as \`500ms\`, \`5s\`, \`10m\`, \`24h\` or \`7d\`, sizes as \`512kb\` or \`25mb\`, money in USD with at most
  nine decimals, prices in USD per million tokens.
- Changes take effect at once, for requests that begin afterwards. Host, port, database and the folder of workflows wait
  for a restart.
- \`<name>\` stands for a name of your own, \`[]\` for each entry of a list.
`

/** The page as it stands in `docs/configuration.md`; the examples come from the commented example file. */
export const toMarkdown = (example: string): string => {
  const sections = [...new Set(keys.map(sectionOf))].sort()
  const parts = sections.map((section) => {
    const own = keys.filter((key) => sectionOf(key) === section)
    const text = exampleOf(example, section)
    return [
      `## ${section}`,
      "",
      "| key | type | default | meaning |",
      "| --- | --- | --- | --- |",
      ...own.map(row),
      "",
      ...(text === "" ? [] : ["```yaml", text, "```", ""])
    ].join("\n")
  })
  return [preface, ...parts].join("\n")
}
