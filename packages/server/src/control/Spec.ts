/** The API's description as it is served and as it is kept in `docs/openapi.json`. */
import * as OpenApi from "@effect/platform/OpenApi"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"

let text: string | undefined

/** JSON with a newline at its end. Computed once: it never changes while a process runs. */
export const specJson = (): string => (text ??= `${JSON.stringify(OpenApi.fromApi(PenstockApi), null, 2)}\n`)
