/** The document's shape as JSON Schema, for editors that complete and check YAML while one writes. */
import * as JSONSchema from "effect/JSONSchema"
import { Workflow } from "./Workflow.ts"

/** Effect marks "any value" with an id of its own, at each place the same one; JSON Schema wants an id to be one place. */
const withoutIds = (key: string, value: unknown): unknown => (key === "$id" ? undefined : value)

/** As the text of a file: `# yaml-language-server: $schema=…` points there. */
export const editorSchema = (): string => `${JSON.stringify(JSONSchema.make(Workflow), withoutIds, 2)}\n`
