/** A whole `response`. */
import type { Completion } from "@penstock/schema/Completion"
import type { AnswerContext } from "../Dialect.ts"
import { namesIn } from "../CustomTool.ts"
import { item } from "./WriteItem.ts"
import { idOf, response } from "./WriteResponse.ts"

export const write = (completion: Completion, context: AnswerContext): { readonly [key: string]: unknown } => {
  const id = idOf(completion.id, context)
  const custom = namesIn(context.asked)
  return response(
    { ...completion, id, output: completion.content.map((part, at) => item(part, id, at, custom)) },
    context
  )
}
