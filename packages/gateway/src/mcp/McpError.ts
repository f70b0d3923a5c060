/** Everything that can go wrong with an MCP server or one of its tools, by reason; and how a caller of ours sees it. */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Data from "effect/Data"

export type Reason =
  // What was asked for.
  | "unknown_server"
  | "unknown_tool"
  | "unknown_resource"
  | "unknown_prompt"
  | "invalid_arguments"
  | "refused"
  | "conflict"
  // The server.
  | "not_running"
  | "timeout"
  | "protocol"
  | "result_too_large"
  // The tool says of itself that it failed.
  | "tool_error"

/** One thing that is wrong with a call's arguments. */
export interface ArgumentIssue {
  /** Where: `arguments.files.0.path`. */
  readonly path: string
  readonly message: string
}

export class McpError extends Data.TaggedError("McpError")<{
  readonly reason: Reason
  /** What happened and what to do about it, for a person. Holds no secret of ours. */
  readonly message: string
  /** Empty where no server was told. */
  readonly server: string
  readonly tool?: string | undefined
  /** With `invalid_arguments`. */
  readonly issues?: ReadonlyArray<ArgumentIssue> | undefined
}> {}

const reasons: { readonly [R in Reason]: GatewayError.Reason } = {
  unknown_server: "not_found",
  unknown_tool: "not_found",
  unknown_resource: "not_found",
  unknown_prompt: "not_found",
  invalid_arguments: "unprocessable",
  refused: "forbidden",
  conflict: "conflict",
  not_running: "unreachable",
  timeout: "timeout",
  protocol: "invalid_response",
  result_too_large: "invalid_response",
  tool_error: "server"
}

export const toGatewayError = (error: McpError): GatewayError.GatewayError => {
  const param = error.issues?.[0]?.path
  return GatewayError.make(reasons[error.reason], error.message, {
    code: `mcp_${error.reason}`,
    ...(param === undefined ? {} : { param })
  })
}
