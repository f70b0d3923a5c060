/** The few pages that the control plane itself writes: without a script, and without anything from elsewhere. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"

/** A browser names HTML; curl and the clients do not. */
export const isWanted = (accept: string | undefined): boolean => /\btext\/html\b/i.test(accept ?? "")

const escapes: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

/** Text as it stands between tags, or in an attribute in double quotes. */
export const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => escapes[character] ?? character)

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1b2430;background:#fff}
h1{font-size:1.6rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}small{color:#5b6775;font-weight:400}
pre{background:#f3f5f7;padding:.9rem;border-radius:6px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse}
td{padding:.2rem 1.2rem .2rem 0;vertical-align:top}a{color:#0a5fb4}
label{display:block;margin:1rem 0 .2rem;font-weight:600}input,select,textarea{font:inherit;width:100%;box-sizing:border-box;padding:.45rem .6rem;border:1px solid #8a97a6;border-radius:6px;color:inherit;background:transparent}
button{font:inherit;margin:1.5rem .6rem 0 0;padding:.5rem 1.4rem;border:1px solid #0a5fb4;border-radius:6px;color:#fff;background:#0a5fb4}
button.no{color:inherit;background:transparent;border-color:#8a97a6}.wrong{color:#b3261e;font-weight:600}
@media(prefers-color-scheme:dark){body{color:#e6eaf0;background:#12161c}pre{background:#1d242d}small{color:#9aa7b5}a{color:#6cb2ff}option{background:#12161c}.wrong{color:#ff9d94}}`

/** `body` is HTML, whatever is in it escaped by whoever wrote it. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head>
<body>
${body}
</body>
</html>
`

/** What a page may do: nothing but be shown, and send its own form back here. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

export const respond = (
  html: string,
  {
    headers = {},
    status = 200
  }: { readonly status?: number; readonly headers?: { readonly [name: string]: string } } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(html, {
    status,
    contentType: "text/html; charset=utf-8",
    headers: { vary: "accept", "content-security-policy": policy, ...headers }
  })
