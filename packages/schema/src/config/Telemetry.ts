/** What operators' own tools are told. */
import * as Schema from "effect/Schema"
import { optionalWith, strictStruct } from "./Fields.ts"

/** An address of HTTP, without a query. */
export const HttpAddress = Schema.String.pipe(
  Schema.pattern(/^https?:\/\/[^\s/?#]+[^\s?#]*$/, { description: "an http:// or https:// address without a query" })
)

export const TelemetryConfig = strictStruct({
  metrics: optionalWith(Schema.Boolean, () => true).annotations({
    description: "Whether GET /metrics answers Prometheus; read at the start"
  }),
  otlp_endpoint: optionalWith(Schema.NullOr(HttpAddress), () => null).annotations({
    description:
      "An OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318; read at the start"
  }),
  content: optionalWith(Schema.Boolean, () => false).annotations({
    description:
      "Whether the collector is also told what was asked and answered, which may be personal or secret; read at the start"
  }),
  otlp_headers: optionalWith(
    Schema.Record({ key: Schema.String, value: Schema.Redacted(Schema.String) }),
    () => ({})
  ).annotations({ description: "What the collector wants to see, such as a key" })
})
export type TelemetryConfig = typeof TelemetryConfig.Type
