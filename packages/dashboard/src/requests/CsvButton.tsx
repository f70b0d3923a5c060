/** The list as a file. The key goes in a header, which a link cannot send: the file is fetched and handed over. */
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { useState } from "react"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import { useSession } from "../api/Session.tsx"
import { Alert, Button } from "../design/Parts.tsx"

const save = (bytes: ArrayBuffer, name: string): void => {
  const url = URL.createObjectURL(new Blob([bytes], { type: "text/csv" }))
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

export const CsvButton = ({ search }: { readonly search: string }) => {
  const { client } = useSession()
  const [failure, setFailure] = useState<string | null>(null)
  const fetchFile = () => {
    const query = new URLSearchParams(search)
    query.set("format", "csv")
    const file = client.http.get(`/v1/requests?${query.toString()}`).pipe(
      Effect.flatMap(HttpClientResponse.filterStatusOk),
      Effect.flatMap(({ arrayBuffer }) => arrayBuffer)
    )
    void Client.run(file).then(
      (bytes) => save(bytes, "requests.csv"),
      (error: unknown) => setFailure(Problem.of(error).message)
    )
  }
  return (
    <>
      {failure === null ? null : <Alert>{failure}</Alert>}
      <Button onClick={fetchFile}>Download as CSV</Button>
    </>
  )
}
