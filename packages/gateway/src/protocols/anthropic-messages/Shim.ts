/**
 * For models without structured output, a JSON schema is shown as a tool that must be called; its arguments are the
 * answer. The tool's name is reserved, so that reading an answer back needs nothing but the answer: no caller ever
 * sees the tool.
 */
export const shimTool = "penstock_response_format"
