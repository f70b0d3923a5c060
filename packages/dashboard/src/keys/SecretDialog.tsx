/** A secret, shown once. */
import { useEffect, useRef, useState } from "react"
import { Alert, Button } from "../design/Parts.tsx"

export interface Secret {
  readonly name: string
  readonly text: string
}

export const SecretDialog = ({ onClose, secret }: { readonly secret: Secret; readonly onClose: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    const shown = dialog.current
    shown?.showModal()
    return () => shown?.close()
  }, [])
  const copy = () => void navigator.clipboard.writeText(secret.text).then(() => setCopied(true))
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="secret-title">
      <h2 id="secret-title">The key of {secret.name}</h2>
      <Alert tone="warn">Keep it now: it is not shown again.</Alert>
      <pre className="secret">{secret.text}</pre>
      <div className="row">
        {navigator.clipboard === undefined ? null : <Button onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}
        <Button tone="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </dialog>
  )
}
