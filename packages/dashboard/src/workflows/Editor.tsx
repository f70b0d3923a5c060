/**
 * CodeMirror with YAML and the checker's findings under the text. It lives in a shadow root: there it styles itself by
 * style sheets that are objects, where a page would get style elements, which the policy forbids.
 */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
import { yaml } from "@codemirror/lang-yaml"
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language"
import { type Diagnostic as Mark, lintGutter, setDiagnostics } from "@codemirror/lint"
import { EditorState, type Text } from "@codemirror/state"
import { EditorView, keymap, lineNumbers } from "@codemirror/view"
import { tags } from "@lezer/highlight"
import type { Diagnostic } from "@penstock/schema/api/ApiError"
import type { Position } from "@penstock/workflow/diagnostic/Diagnostic"
import { useEffect, useRef } from "react"

const colors = HighlightStyle.define([
  { tag: tags.comment, color: "var(--ink-soft)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.keyword], color: "var(--warn)" }
])

const look = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--sunken)", fontSize: "13px", maxHeight: "32rem" },
  ".cm-scroller": { fontFamily: "var(--mono)", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-soft)", border: "none" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--ink)", border: "1px solid var(--line)" }
})

/** Where a position of the checker is in the text, which may have changed since. */
const offsetOf = (document: Text, { column, line }: Position): number => {
  const at = document.line(Math.min(line, document.lines))
  return Math.min(at.from + column - 1, at.to)
}

const markOf =
  (document: Text) =>
  ({ code, hint, message, range, severity }: Diagnostic): Mark => {
    const from = offsetOf(document, range.start)
    return {
      from,
      to: Math.max(from, offsetOf(document, range.end)),
      severity,
      source: code,
      message: hint === undefined ? message : `${message}\n${hint}`
    }
  }

export const Editor = ({
  diagnostics,
  initial,
  onChange
}: {
  readonly initial: string
  readonly diagnostics: ReadonlyArray<Diagnostic>
  readonly onChange: (text: string) => void
}) => {
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const changed = useRef(onChange)
  changed.current = onChange
  useEffect(() => {
    const host = place.current
    if (host === null) return
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" })
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: initial,
        extensions: [
          lineNumbers(),
          history(),
          // Tab is left alone: whoever goes through the page by keyboard must get out again.
          keymap.of([...defaultKeymap, ...historyKeymap]),
          yaml(),
          syntaxHighlighting(colors),
          lintGutter(),
          look,
          EditorView.contentAttributes.of({ "aria-label": "The workflow’s text" }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) changed.current(state.doc.toString())
          })
        ]
      })
    })
    view.current = editor
    return () => editor.destroy()
  }, [initial])
  useEffect(() => {
    const editor = view.current
    editor?.dispatch(setDiagnostics(editor.state, diagnostics.map(markOf(editor.state.doc))))
  }, [diagnostics])
  return <div ref={place} className="editor" />
}
